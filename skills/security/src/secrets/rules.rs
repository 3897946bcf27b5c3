//! What a secret looks like: one row for each token format, written from the vendors' own
//! documentation of their prefixes, alphabets, and lengths.
//!
//! A row is found by its keyword, a literal that every match holds; only then its expression is
//! compiled and run, over a short window around the keyword. So a file without keywords costs one
//! pass of a prefix automaton, and a row costs nothing until its vendor turns up.

use super::check;
use crate::model::Severity;
use crate::model::Severity::{Critical, High, Low, Medium};

/// One token format.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// Its id in reports.
    pub(crate) id: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// How bad a find is.
    pub(crate) severity: Severity,
    /// Literals, in this case, one of which every match holds.
    pub(crate) keywords: &'static [&'static str],
    /// Keywords match in any case.
    pub(crate) any_case: bool,
    /// Expression over bytes; the secret is its first group. Where `before` is 0 it starts at the keyword.
    pub(crate) pattern: &'static str,
    /// Bytes before the keyword that a match may hold.
    pub(crate) before: usize,
    /// Shannon entropy that the secret must reach, in bits a character.
    pub(crate) entropy: f32,
    /// Says no to what only looks like it: a checksum, an encoding.
    pub(crate) check: Option<fn(&[u8]) -> bool>,
    /// Says no to the whole match, for what stands around the secret.
    pub(crate) context: Option<fn(&[u8]) -> bool>,
    /// Chosen by people, so it may be short: no hash of it is shown.
    pub(crate) human: bool,
    /// Where it is revoked.
    pub(crate) place: &'static str,
}

const fn token(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    keywords: &'static [&'static str],
    pattern: &'static str,
    place: &'static str,
) -> Rule {
    Rule {
        id,
        title,
        severity,
        keywords,
        any_case: false,
        pattern,
        before: 0,
        entropy: 3.0,
        check: None,
        context: None,
        human: false,
        place,
    }
}

impl Rule {
    const fn before(mut self, bytes: usize) -> Self {
        self.before = bytes;
        self
    }

    const fn entropy(mut self, bits: f32) -> Self {
        self.entropy = bits;
        self
    }

    const fn check(mut self, check: fn(&[u8]) -> bool) -> Self {
        self.check = Some(check);
        self
    }

    const fn context(mut self, context: fn(&[u8]) -> bool) -> Self {
        self.context = Some(context);
        self
    }

    const fn any_case(mut self) -> Self {
        self.any_case = true;
        self
    }

    const fn human(mut self) -> Self {
        self.human = true;
        self
    }
}

/// The rows. Where two match the same bytes the earlier one is reported.
#[rustfmt::skip]
pub(crate) const RULES: &[Rule] = &[
    // Code hosts.
    token("github-personal-token", "GitHub personal access token", Critical, &["ghp_"],
        r"^(ghp_[A-Za-z0-9]{36})(?:\W|$)", "github.com, Settings, Developer settings").check(check::github_crc),
    token("github-oauth-token", "GitHub OAuth access token", Critical, &["gho_"],
        r"^(gho_[A-Za-z0-9]{36})(?:\W|$)", "github.com, Settings, Applications").check(check::github_crc),
    token("github-app-token", "GitHub App token", High, &["ghu_", "ghs_"],
        r"^(gh[us]_[A-Za-z0-9]{36})(?:\W|$)", "github.com, Settings, GitHub Apps").check(check::github_crc),
    token("github-refresh-token", "GitHub refresh token", Critical, &["ghr_"],
        r"^(ghr_[A-Za-z0-9]{36,76})(?:\W|$)", "github.com, Settings, GitHub Apps"),
    token("github-fine-grained-token", "GitHub fine-grained personal access token", Critical, &["github_pat_"],
        r"^(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?:\W|$)", "github.com, Settings, Developer settings"),
    token("gitlab-personal-token", "GitLab personal access token", Critical, &["glpat-"],
        r"^(glpat-(?:[\w-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}|[\w-]{20}))(?:[^\w-]|$)", "GitLab, Preferences, Access tokens"),
    token("gitlab-deploy-token", "GitLab deploy token", High, &["gldt-"],
        r"^(gldt-[\w-]{20})(?:[^\w-]|$)", "GitLab, project Settings, Repository"),
    token("gitlab-runner-token", "GitLab runner token", High, &["glrt-", "GR1348941"],
        r"^((?:glrt-|GR1348941)[\w-]{20})(?:[^\w-]|$)", "GitLab, Settings, CI/CD, Runners"),
    token("gitlab-trigger-token", "GitLab pipeline trigger token", High, &["glptt-"],
        r"^(glptt-[0-9a-f]{40})(?:\W|$)", "GitLab, Settings, CI/CD, Pipeline triggers"),
    token("gitlab-oauth-secret", "GitLab OAuth application secret", High, &["gloas-"],
        r"^(gloas-[0-9a-f]{64})(?:\W|$)", "GitLab, Preferences, Applications"),
    token("gitlab-agent-token", "GitLab agent token for Kubernetes", High, &["glagent-"],
        r"^(glagent-[\w-]{50,1024})(?:[^\w-]|$)", "GitLab, Operate, Kubernetes clusters"),
    token("gitlab-feed-token", "GitLab feed or mail token", Medium, &["glft-", "glimt-", "glcbt-", "glsoat-"],
        r"^(gl(?:ft|imt|cbt|soat)-[\w-]{20,64})(?:[^\w-]|$)", "GitLab, Preferences, Access tokens"),
    token("atlassian-api-token", "Atlassian API token", Critical, &["ATATT3"],
        r"^(ATATT3[\w=-]{100,400})(?:[^\w=-]|$)", "id.atlassian.com, Security").entropy(4.0),
    token("bitbucket-token", "Bitbucket app password or repository token", High, &["ATBB", "ATCTT3"],
        r"^(ATBB[A-Za-z0-9]{32}|ATCTT3[\w=-]{100,400})(?:[^\w=-]|$)", "Bitbucket, Personal settings"),
    // Clouds.
    token("aws-access-key-id", "AWS access key id", High, &["AKIA", "ASIA"],
        r"^(A[KS]IA[A-Z2-7]{16})(?:\W|$)", "AWS console, IAM"),
    token("aws-secret-access-key", "AWS secret access key", Critical, &["aws_secret", "secret_access_key", "secretaccesskey", "secret_key", "secretkey", "secret-access-key", "aws-secret"],
        r#"(?i)^[\w-]{0,40}?(?:key|aws_secret)["'\]]{0,2}\s{0,4}(?:=>|:=|[:=,>])\s{0,4}["'`]?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#, "AWS console, IAM")
        .any_case().entropy(4.2).check(check::mixed_base64),
    token("aws-session-token", "AWS session token", High, &["aws_session_token", "aws_security_token", "session_token", "sessiontoken"],
        r#"(?i)^[\w-]{9,24}["'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}["'`]?((?:FwoG|IQoJ|AQoD)[A-Za-z0-9/+=]{96,1200})"#, "AWS console, IAM")
        .any_case().entropy(4.5),
    token("aws-bedrock-key", "Amazon Bedrock API key", Critical, &["ABSKQmVkcm9ja0FQSUtleS"],
        r"^(ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/=]{100,160})", "AWS console, Bedrock, API keys"),
    token("aws-mws-key", "Amazon Marketplace Web Service key", High, &["amzn.mws."],
        r"^(amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\W|$)", "Amazon Seller Central"),
    token("google-api-key", "Google API key", High, &["AIza"],
        r"^(AIza[\w-]{35})(?:[^\w-]|$)", "Google Cloud console, Credentials").entropy(3.5),
    token("google-oauth-client-secret", "Google OAuth client secret", High, &["GOCSPX-"],
        r"^(GOCSPX-[\w-]{28})(?:[^\w-]|$)", "Google Cloud console, Credentials"),
    token("google-oauth-access-token", "Google OAuth access token", High, &["ya29."],
        r"^(ya29\.[\w-]{40,512})", "Google account, Third-party access").entropy(4.0),
    token("google-oauth-refresh-token", "Google OAuth refresh token", High, &["1//0"],
        r"^(1//0[\w-]{80,120})(?:[^\w-]|$)", "Google account, Third-party access").entropy(4.0),
    token("azure-storage-key", "Azure storage account key", Critical, &["AccountKey="],
        r"^AccountKey=([A-Za-z0-9+/]{86}==)", "Azure portal, Storage account, Access keys").entropy(4.5),
    token("azure-shared-access-key", "Azure shared access key (Service Bus, Event Hubs, IoT)", High, &["SharedAccessKey="],
        r"^SharedAccessKey=([A-Za-z0-9+/]{43}=)", "Azure portal, Shared access policies").entropy(4.0),
    token("azure-sas-signature", "Azure shared access signature", Medium, &["&sig=", "?sig="],
        r"^[&?]sig=([A-Za-z0-9%+/]{43,63}(?:%3[dD]|=))", "Azure portal, Storage account, Access keys").entropy(4.0),
    token("azure-client-secret", "Microsoft Entra (Azure AD) client secret", Critical, &["Q~"],
        r#"(?:^|["'`=:\s])([\w~.-]{3}\dQ~[\w~.-]{31,34})(?:[^\w~.-]|$)"#, "Entra admin centre, App registrations").before(5).entropy(3.8),
    token("digitalocean-token", "DigitalOcean token", Critical, &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"^(do[opr]_v1_[0-9a-f]{64})(?:\W|$)", "DigitalOcean, API"),
    token("alibaba-access-key-id", "Alibaba Cloud access key id", High, &["LTAI"],
        r"^(LTAI[A-Za-z0-9]{12,20})(?:\W|$)", "Alibaba Cloud console, RAM").entropy(3.4).check(check::has_digit),
    token("cloudflare-origin-key", "Cloudflare origin CA key", High, &["v1.0-"],
        r"^(v1\.0-[0-9a-f]{24}-[0-9a-f]{146})(?:\W|$)", "Cloudflare, API tokens"),
    token("heroku-api-key", "Heroku API key", High, &["HRKU-"],
        r"^(HRKU-AA[\w-]{58})(?:[^\w-]|$)", "Heroku, Account settings"),
    token("flyio-token", "Fly.io access token", High, &["fm1a_", "fm1r_", "fm2_", "fo1_"],
        r"^((?:fm1[ar]_|fm2_)[A-Za-z0-9+/=]{100,800}|fo1_[\w-]{43})(?:[^\w+/=-]|$)", "fly.io, Account, Access tokens"),
    token("netlify-token", "Netlify access token", High, &["nfp_"],
        r"^(nfp_[A-Za-z0-9_]{36,60})(?:\W|$)", "Netlify, User settings, Applications"),
    token("planetscale-token", "PlanetScale token or password", High, &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        r"^(pscale_(?:tkn|pw|oauth)_[\w=.-]{32,64})", "PlanetScale, Settings"),
    token("supabase-token", "Supabase secret", High, &["sbp_", "sb_secret_"],
        r"^(sbp_[0-9a-f]{40}|sb_secret_[\w-]{22,44})(?:\W|$)", "Supabase, Account, Access tokens"),
    token("databricks-token", "Databricks access token", High, &["dapi"],
        r"^(dapi[0-9a-f]{32}(?:-\d)?)(?:\W|$)", "Databricks, User settings, Developer"),
    token("vault-token", "HashiCorp Vault token", Critical, &["hvs.", "hvb.", "hvr."],
        r"^(hv[sbr]\.[\w-]{24,300})(?:[^\w-]|$)", "Vault: `vault token revoke`").entropy(3.5).check(check::has_digit),
    token("terraform-cloud-token", "HCP Terraform token", Critical, &[".atlasv1."],
        r"(?:^|\W)([A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70})(?:[^\w-]|$)", "HCP Terraform, User settings, Tokens").before(15),
    token("pulumi-token", "Pulumi access token", High, &["pul-"],
        r"^(pul-[0-9a-f]{40})(?:\W|$)", "Pulumi, Access tokens"),
    token("doppler-token", "Doppler token", Critical, &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"^(dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{2,35}\.)?[A-Za-z0-9]{40,44})(?:\W|$)", "Doppler, Tokens"),
    token("tailscale-key", "Tailscale key", High, &["tskey-"],
        r"^(tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,20}(?:CNTRL)?-[A-Za-z0-9]{20,40})(?:\W|$)", "Tailscale admin console, Keys"),
    token("scaleway-secret-key", "Scaleway secret key", High, &["SCW_SECRET_KEY", "scw_secret_key"],
        r#"(?i)^scw_secret_key["']?\s{0,3}[:=]\s{0,3}["']?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"#, "Scaleway console, IAM"),
    // Package registries.
    token("npm-token", "npm access token", Critical, &["npm_"],
        r"^(npm_[A-Za-z0-9]{36})(?:\W|$)", "npmjs.com, Access tokens").check(check::github_crc),
    token("npm-auth-token", "npm registry credential", Critical, &["_authToken", "_auth", "_password"],
        r#"^_(?:authToken|auth|password)\s{0,2}=\s{0,2}["']?([A-Za-z0-9+/=_.-]{12,512})"#, "the npm registry").check(check::has_digit).entropy(3.2),
    token("pypi-token", "PyPI upload token", Critical, &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"],
        r"^(pypi-Ag[\w-]{60,1000})", "pypi.org, Account settings"),
    token("crates-io-token", "crates.io token", Critical, &["cio"],
        r"^(cio[A-Za-z0-9]{32})(?:\W|$)", "crates.io, Account settings, API tokens").entropy(3.8).check(check::has_digit),
    token("rubygems-token", "RubyGems API key", Critical, &["rubygems_"],
        r"^(rubygems_[0-9a-f]{48})(?:\W|$)", "rubygems.org, Settings, API keys"),
    token("nuget-api-key", "NuGet API key", Critical, &["oy2"],
        r"^(oy2[a-z0-9]{43})(?:\W|$)", "nuget.org, API keys").entropy(3.8).check(check::has_digit),
    token("docker-hub-token", "Docker Hub access token", Critical, &["dckr_pat_", "dckr_oat_"],
        r"^(dckr_[po]at_[\w-]{27,36})(?:[^\w-]|$)", "hub.docker.com, Personal access tokens"),
    token("docker-registry-auth", "Docker registry credential", High, &["\"auth\""],
        r#"^"auth"\s{0,4}:\s{0,4}"([A-Za-z0-9+/]{12,512}={0,2})""#, "the container registry").check(check::base64_pair).human(),
    token("jfrog-token", "JFrog token", High, &["AKCp", "cmVmdGtu"],
        r"^(AKCp[A-Za-z0-9]{65,75}|cmVmdGtu[A-Za-z0-9]{56})(?:\W|$)", "JFrog, User profile"),
    token("clojars-token", "Clojars deploy token", High, &["CLOJARS_"],
        r"^(CLOJARS_[0-9a-z]{60})(?:\W|$)", "clojars.org, Tokens"),
    // Models.
    token("openai-api-key", "OpenAI API key", Critical, &["T3BlbkFJ"],
        r"(?:^|[^\w-])(sk-(?:proj-|svcacct-|admin-|None-)?[\w-]{20,80}T3BlbkFJ[\w-]{20,80})(?:[^\w-]|$)", "platform.openai.com, API keys").before(100),
    token("anthropic-api-key", "Anthropic API key", Critical, &["sk-ant-"],
        r"^(sk-ant-(?:api|admin|oat|ort)\d\d-[\w-]{80,120})(?:[^\w-]|$)", "console.anthropic.com, API keys"),
    token("hugging-face-token", "Hugging Face token", High, &["hf_", "api_org_"],
        r"^((?:hf|api_org)_[A-Za-z]{34})(?:\W|$)", "huggingface.co, Settings, Access tokens").entropy(3.8),
    token("groq-api-key", "Groq API key", High, &["gsk_"],
        r"^(gsk_[A-Za-z0-9]{52})(?:\W|$)", "console.groq.com, API keys"),
    token("xai-api-key", "xAI API key", High, &["xai-"],
        r"^(xai-[A-Za-z0-9]{70,90})(?:\W|$)", "console.x.ai"),
    token("perplexity-api-key", "Perplexity API key", High, &["pplx-"],
        r"^(pplx-[A-Za-z0-9]{48})(?:\W|$)", "perplexity.ai, Settings, API"),
    token("openrouter-api-key", "OpenRouter API key", High, &["sk-or-v1-"],
        r"^(sk-or-v1-[0-9a-f]{64})(?:\W|$)", "openrouter.ai, Keys"),
    token("replicate-token", "Replicate API token", High, &["r8_"],
        r"^(r8_[A-Za-z0-9]{37})(?:\W|$)", "replicate.com, Account, API tokens").entropy(3.8),
    // Money.
    token("stripe-live-key", "Stripe live secret key", Critical, &["sk_live_", "rk_live_"],
        r"^([sr]k_live_[A-Za-z0-9]{20,247})(?:\W|$)", "Stripe dashboard, Developers, API keys"),
    token("stripe-test-key", "Stripe test secret key", Low, &["sk_test_", "rk_test_"],
        r"^([sr]k_test_[A-Za-z0-9]{20,247})(?:\W|$)", "Stripe dashboard, Developers, API keys").check(check::has_digit),
    token("stripe-webhook-secret", "Stripe webhook signing secret", High, &["whsec_"],
        r"^(whsec_[A-Za-z0-9+/]{32,64}={0,2})(?:[^A-Za-z0-9+/=]|$)", "Stripe dashboard, Developers, Webhooks"),
    token("square-token", "Square access token or secret", Critical, &["sq0atp-", "sq0csp-", "EAAAE"],
        r"^(sq0atp-[\w-]{22}|sq0csp-[\w-]{43}|EAAAE[\w-]{59})(?:[^\w-]|$)", "Square developer dashboard"),
    token("paypal-braintree-token", "PayPal Braintree access token", Critical, &["access_token$production$"],
        r"^access_token\$production\$([0-9a-z]{16}\$[0-9a-f]{32})(?:\W|$)", "Braintree control panel"),
    token("razorpay-key", "Razorpay live key", High, &["rzp_live_"],
        r"^(rzp_live_[A-Za-z0-9]{14})(?:\W|$)", "Razorpay dashboard, API keys"),
    token("flutterwave-key", "Flutterwave secret key", High, &["FLWSECK-", "FLWSECK_TEST-"],
        r"^(FLWSECK(?:_TEST)?-[0-9a-zA-Z]{32}-X)(?:\W|$)", "Flutterwave dashboard, Settings"),
    token("plaid-token", "Plaid access token", High, &["access-production-", "access-development-"],
        r"^(access-(?:production|development)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\W|$)", "Plaid dashboard"),
    token("shopify-token", "Shopify token", Critical, &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"^(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})(?:\W|$)", "Shopify admin, Apps"),
    token("easypost-key", "EasyPost API key", High, &["EZAK", "EZTK"],
        r"^(EZ[AT]K[A-Za-z0-9]{54})(?:\W|$)", "EasyPost dashboard, API keys"),
    // Messages.
    token("slack-bot-token", "Slack bot token", Critical, &["xoxb-"],
        r"^(xoxb-\d{9,14}-(?:\d{9,14}-)?[A-Za-z0-9]{18,40})(?:\W|$)", "api.slack.com, Your apps"),
    token("slack-user-token", "Slack user token", Critical, &["xoxp-", "xoxe", "xoxs-", "xoxa-", "xoxr-", "xoxo-"],
        r"^(xox(?:e\.xox[bp]-\d-[A-Za-z0-9]{100,200}|e-\d-[A-Za-z0-9]{100,200}|[psaro]-(?:\d-)?(?:\d{9,14}-){1,3}[A-Za-z0-9]{20,64}))(?:\W|$)", "api.slack.com, Your apps"),
    token("slack-app-token", "Slack app-level token", Critical, &["xapp-"],
        r"^(xapp-\d-[A-Z0-9]{9,14}-\d{9,14}-[0-9a-f]{64})(?:\W|$)", "api.slack.com, Your apps"),
    token("slack-webhook", "Slack incoming webhook", High, &["hooks.slack.com/"],
        r"^hooks\.slack\.com/(?:services/(T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,28})|(?:workflows|triggers)/([A-Za-z0-9/]{40,90}))", "api.slack.com, Incoming webhooks"),
    token("discord-webhook", "Discord webhook", High, &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        r"^discord(?:app)?\.com/api/webhooks/(\d{17,20}/[\w-]{60,80})", "Discord, Server settings, Integrations"),
    token("discord-bot-token", "Discord bot token", Critical, &["discord", "bot_token", "bottoken"],
        r#"(?i)^[\w-]{0,24}["'\]]{0,2}[\s:=,(]{1,6}["'`]((?-i:[MNO][A-Za-z\d]{22,27}\.[\w-]{6}\.[\w-]{27,40}))["'`]"#, "Discord developer portal, Bot").any_case().entropy(4.0),
    token("teams-webhook", "Microsoft Teams incoming webhook", High, &[".webhook.office.com/webhookb2/"],
        r"^\.webhook\.office\.com/webhookb2/([0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36})", "Teams, channel, Connectors"),
    token("telegram-bot-token", "Telegram bot token", High, &[":AA"],
        r"(?:^|[^\w:])(?:bot)?(\d{8,10}:AA[\w-]{33})(?:[^\w-]|$)", "Telegram, @BotFather").before(14).entropy(4.0),
    token("twilio-api-key", "Twilio API key", High, &["SK"],
        r"^(SK[0-9a-f]{32})(?:\W|$)", "Twilio console, API keys"),
    token("twilio-auth-token", "Twilio auth token", Critical, &["twilio_auth_token", "twilio_token", "twilio_secret"],
        r#"(?i)^twilio_(?:auth_)?(?:token|secret)["'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}["'`]?([0-9a-f]{32})(?:\W|$)"#, "Twilio console").any_case(),
    token("sendgrid-api-key", "SendGrid API key", Critical, &["SG."],
        r"^(SG\.[\w-]{22}\.[\w-]{43})(?:[^\w-]|$)", "SendGrid, Settings, API keys"),
    token("mailgun-api-key", "Mailgun API key", High, &["key-"],
        r"^(key-[0-9a-f]{32})(?:\W|$)", "Mailgun, API security"),
    token("mailchimp-api-key", "Mailchimp API key", High, &["-us"],
        r"(?:^|\W)([0-9a-f]{32}-us\d{1,2})(?:\W|$)", "Mailchimp, Account, API keys").before(33),
    token("sendinblue-api-key", "Brevo (Sendinblue) API key", High, &["xkeysib-", "xsmtpsib-"],
        r"^(x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16})(?:\W|$)", "Brevo, SMTP & API"),
    token("facebook-access-token", "Facebook access token", High, &["EAA"],
        r"^(EAA[A-Za-z0-9]{97,300})(?:\W|$)", "developers.facebook.com").entropy(4.2).check(check::has_digit),
    token("twitter-bearer-token", "X (Twitter) bearer token", High, &["AAAAAAAAAAAAAAAAAAAAA"],
        r"^A{21,30}([A-Za-z0-9]{1,20}%[A-Za-z0-9%+/=]{40,100})", "developer.x.com"),
    // Tools.
    token("airtable-token", "Airtable personal access token", High, &["pat"],
        r"^(pat[A-Za-z0-9]{14}\.[0-9a-f]{64})(?:\W|$)", "Airtable, Builder hub"),
    token("algolia-admin-key", "Algolia admin key", High, &["algolia_admin", "algoliaadmin", "algolia_api_key", "algolia-api-key", "algolia_write"],
        r#"(?i)^algolia[\w-]{4,24}["'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}["'`]?([0-9a-f]{32})(?:\W|$)"#, "Algolia dashboard, API keys").any_case(),
    token("buildkite-token", "Buildkite token", High, &["bkua_"],
        r"^(bkua_[0-9a-f]{40})(?:\W|$)", "Buildkite, API access tokens"),
    token("circleci-token", "CircleCI token", High, &["CCIPAT_", "CCIPRJ_"],
        r"^(CCIP(?:AT|RJ)_[A-Za-z0-9]{18,26}_[0-9a-f]{40})(?:\W|$)", "CircleCI, User settings"),
    token("contentful-token", "Contentful management token", High, &["CFPAT-"],
        r"^(CFPAT-[\w-]{43})(?:[^\w-]|$)", "Contentful, CMA tokens"),
    token("datadog-key", "Datadog key", High, &["dd_api_key", "datadog_api_key", "dd_app_key", "datadog_app_key", "dd-api-key"],
        r#"(?i)^(?:dd|datadog)[_-](?:api|app)[_-]key["'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}["'`]?([0-9a-f]{40}|[0-9a-f]{32})(?:\W|$)"#, "Datadog, Organization settings").any_case(),
    token("dropbox-token", "Dropbox access token", High, &["sl."],
        r"^(sl\.(?:u\.)?[\w-]{130,1300})(?:[^\w-]|$)", "dropbox.com, Developers").entropy(4.0),
    token("dynatrace-token", "Dynatrace token", High, &["dt0c01.", "dt0s16."],
        r"^(dt0[cs](?:01|16)\.[A-Z0-9]{8,24}\.[A-Z0-9]{64})(?:\W|$)", "Dynatrace, Access tokens"),
    token("figma-token", "Figma access token", High, &["figd_", "figoh_"],
        r"^(fig(?:d|oh)_[\w-]{40,64})(?:[^\w-]|$)", "Figma, Settings, Security"),
    token("grafana-token", "Grafana token", High, &["glsa_", "glc_eyJ"],
        r"^(glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_eyJ[A-Za-z0-9+/=]{32,400})(?:\W|$)", "Grafana, Service accounts"),
    token("hubspot-token", "HubSpot private app token", High, &["pat-na", "pat-eu", "pat-ap"],
        r"^(pat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\W|$)", "HubSpot, Private apps"),
    token("launchdarkly-key", "LaunchDarkly key", High, &["sdk-", "api-"],
        r"^((?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(?:\W|$)", "LaunchDarkly, Authorization"),
    token("linear-api-key", "Linear API key", High, &["lin_api_", "lin_oauth_"],
        r"^(lin_(?:api_[A-Za-z0-9]{40}|oauth_[0-9a-f]{64}))(?:\W|$)", "Linear, Settings, API"),
    token("mapbox-secret-token", "Mapbox secret token", High, &["sk.eyJ"],
        r"^(sk\.eyJ[\w-]{40,200}\.[\w-]{20,24})(?:[^\w-]|$)", "Mapbox, Access tokens"),
    token("new-relic-key", "New Relic key", High, &["NRAK-", "NRII-", "NRJS-"],
        r"^(NR(?:AK-[A-Z0-9]{27}|II-[\w-]{32}|JS-[0-9a-f]{19}))(?:[^\w-]|$)", "New Relic, API keys"),
    token("notion-token", "Notion integration token", High, &["ntn_", "secret_"],
        r"^(ntn_\d{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})(?:\W|$)", "notion.so, My integrations").entropy(4.0),
    token("onepassword-token", "1Password service account token or secret key", Critical, &["ops_eyJ", "A3-"],
        r"^(ops_eyJ[A-Za-z0-9+/=]{200,1000}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})(?:\W|$)", "1password.com, Integrations"),
    token("postman-api-key", "Postman API key", High, &["PMAK-"],
        r"^(PMAK-[0-9a-f]{24}-[0-9a-f]{34})(?:\W|$)", "Postman, Account settings"),
    token("prefect-api-key", "Prefect API key", High, &["pnu_", "pnb_"],
        r"^(pn[ub]_[A-Za-z0-9]{36})(?:\W|$)", "Prefect Cloud, API keys"),
    token("sentry-token", "Sentry token", High, &["sntrys_", "sntryu_"],
        r"^(sntryu_[0-9a-f]{64}|sntrys_eyJ[A-Za-z0-9+/=]{60,300}_[A-Za-z0-9+/]{43})(?:\W|$)", "Sentry, Auth tokens"),
    token("sonar-token", "SonarQube token", High, &["sqp_", "squ_", "sqa_"],
        r"^(sq[pua]_[0-9a-f]{40})(?:\W|$)", "SonarQube, My account, Security"),
    token("typeform-token", "Typeform token", Medium, &["tfp_"],
        r"^(tfp_[\w.=-]{59})(?:[^\w.=-]|$)", "Typeform, Account, Personal tokens"),
    // Keys of all kinds.
    token("private-key", "private key", Critical, &["-----BEGIN "],
        r"^(-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|PGP|ANY) )?PRIVATE KEY(?: BLOCK)?-----[\s\S]{40,300})", "every place that trusts the key")
        .entropy(3.5).check(check::private_key),
    token("encrypted-private-key", "private key under a passphrase", Medium, &["-----BEGIN ENCRYPTED"],
        r"^(-----BEGIN ENCRYPTED PRIVATE KEY-----[\s\S]{40,300})", "every place that trusts the key")
        .entropy(3.5).check(check::private_key),
    token("putty-private-key", "PuTTY private key", Critical, &["PuTTY-User-Key-File-"],
        r"^(PuTTY-User-Key-File-\d: [\w@.-]{4,40}\r?\nEncryption: none\r?\n)", "every place that trusts the key").entropy(0.0),
    token("age-secret-key", "age secret key", Critical, &["AGE-SECRET-KEY-1"],
        r"^(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})(?:\W|$)", "every file that is encrypted to it"),
    token("json-web-token", "JSON Web Token", Medium, &["eyJ"],
        r"^(eyJ[\w-]{14,400}\.eyJ[\w-]{10,2000}\.[\w-]{20,1000})", "whoever issued it").entropy(4.0).check(check::jwt),
    // Credentials in their usual envelopes.
    token("url-password", "password in a URL", High, &["://"],
        r#"^://([^\s:/@"'`<>{}\[\]()\\,;?#&|]{0,64}:[^\s/@"'`<>\\,;?#]{3,128})@[\w.-]{2,}"#, "the service behind the address")
        .entropy(0.0).check(check::url_password).context(check::real_host).human(),
    token("basic-auth-header", "credentials in a Basic authorization header", High, &["basic "],
        r"(?i)^basic ([A-Za-z0-9+/]{12,400}={0,2})(?:[^A-Za-z0-9+/=]|$)", "the service that takes it").any_case().check(check::base64_pair).human(),
    token("bearer-token", "token in a Bearer authorization header", Medium, &["bearer "],
        r"(?i)^bearer ([\w.~+/-]{24,1000}={0,2})(?:[^\w.~+/=-]|$)", "the service that takes it").any_case().entropy(3.7).check(check::random_looking),
    token("netrc-password", "password in netrc form", High, &["machine "],
        r"^machine\s+\S{3,80}\s+login\s+\S{1,80}\s+password\s+(\S{4,128})", "the named machine").entropy(0.0).check(check::plausible_password).human(),
    token("connection-string-password", "password in a connection string", High, &["password=", "pwd="],
        r#"(?i)(?:(?:server|data source|host|uid|user id|username|user)\s?=[^"'\n]{1,160};\s{0,4})(?:password|pwd)=([^\s;"'`<>]{4,100})(?:[;"'`]|$|\s)"#, "the database server")
        .any_case().before(200).entropy(0.0).check(check::plausible_password).human(),
    token("command-line-password", "password on a command line", Medium, &["sshpass -p", "curl -u ", "--password=", "mysql -p"],
        r#"^(?:sshpass -p\s?|curl -u \S{1,40}:|--password=|mysql -p)["']?([^\s"'`<>&;|$]{6,100})"#, "the service it opens").entropy(0.0).check(check::strong_password).human(),
];
