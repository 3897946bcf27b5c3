//! Every finding of the checker: its code, how bad it is, and its page for `explain`.
//!
//! One table holds them all, so that no code is without a page. Codes are never reused; numbers go by
//! hundreds: text, form, inputs, steps, expressions, grants, limits, outputs, scenarios.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// There is no plan.
    Error,
    /// There is a plan, which probably isn't what was meant.
    Warning,
}

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $title:literal
        cause $cause:literal
        example $example:literal
        fix $fix:literal)*) => {
        /// What sort of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable name, for example `V0103`.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }

            /// What it says, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// Its page: cause, example, fix.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(
                        $text, ": ", $title, "\n\n", $cause,
                        "\n\nExample:\n\n", $example,
                        "\n\nWay out: ", $fix, "\n",
                    )),*
                }
            }
        }
    };
}

codes! {
    NotUtf8 "V0001" Error "the text is not UTF-8"
        cause "A manifest is UTF-8 text. Other encodings read as something else on another machine."
        example "    a file saved as Latin-1 or UTF-16"
        fix "save the file as UTF-8."
    TooLarge "V0002" Error "the file is too large"
        cause "A manifest has at most 1 MiB, so that nobody's editor, checker or journal has to carry a data set."
        example "    a list of ten thousand paths in `with`"
        fix "put the data in a file and give its folder as an input of type `path`."
    ByteOrderMark "V0003" Error "the text begins with a byte order mark"
        cause "UTF-8 needs no byte order mark, and tools that don't know it see it as part of the first key."
        example "    \\u{feff}voyager: manifest/v1"
        fix "save the file as UTF-8 without BOM."
    Syntax "V0004" Error "the text is no YAML"
        cause "The text can't be read as YAML 1.2. Usual reasons: indentation that fits no line above, a missing space after `:`, a quote or bracket that is never closed, a text with `: ` in it that has no quotes."
        example "    description: Renames: everywhere"
        fix "put texts with `: `, `#`, or a leading bracket in quotes; indent with two spaces."
    DuplicateKey "V0005" Error "a key stands twice"
        cause "Of two equal keys in one mapping, readers of YAML take the first, the last, or none. So none is allowed."
        example "    timeout: 5m\n    timeout: 10m"
        fix "keep one of them."
    Tag "V0006" Error "YAML tags have no meaning here"
        cause "A tag (`!name`, `!!str`) would change how a value is read. Here the field's type alone decides that."
        example "    version: !!str 1.10"
        fix "remove the tag; a field that wants text takes `1.10` as text."
    MergeKey "V0007" Error "merge keys have no meaning here"
        cause "`<<` is no part of YAML 1.2, and what it merges is not seen where it applies."
        example "    <<: *defaults"
        fix "write the keys out, or use an alias for a whole value."
    Tab "V0008" Error "a tab stands outside a text"
        cause "Tabs look like indentation and aren't: YAML forbids them there, and everywhere else they look like spaces."
        example "    steps:\\n\\t- id: scan"
        fix "use spaces; in a quoted text write `\\t`."
    KeyForm "V0009" Error "a key is no plain text"
        cause "Keys are names. A key that YAML reads as a number, a truth value, null, a list, a mapping, or an alias is none."
        example "    outputs: { 1: { from: steps.scan } }"
        fix "use a name, or put it in quotes."
    Documents "V0010" Error "the file holds more than one document"
        cause "A manifest is one file, a file one manifest."
        example "    voyager: manifest/v1\n    ---\n    voyager: manifest/v1"
        fix "give each its own file."
    Alias "V0011" Error "an alias is unknown, or there are too many"
        cause "An alias (`*name`) repeats the value that was marked `&name` above it. Aliases that contain aliases grow exponentially, so what they expand to is bounded."
        example "    with: *commmon"
        fix "mark the value above with `&`, or write it out."
    Depth "V0012" Error "the text is nested too deeply"
        cause "Values are nested at most 64 deep, so that whoever walks them needs little stack."
        example "    [[[[[[ ... ]]]]]]"
        fix "flatten the value, or give it as a file."
    Nodes "V0013" Error "the text holds too many values"
        cause "A manifest holds at most 100,000 keys and values, aliases expanded."
        example "    a list of a million numbers"
        fix "put the data in a file and give its folder as an input of type `path`."
    EmptyText "V0014" Error "the file is empty"
        cause "There is nothing but white space and comments."
        example "    # to be written"
        fix "begin with `voyager: manifest/v1`, `name`, `version`, `steps`."
    Directive "V0015" Error "YAML directives have no meaning here"
        cause "`%YAML` and `%TAG` change how the text is read. A manifest is always YAML 1.2."
        example "    %YAML 1.1"
        fix "remove the line."

    Header "V0101" Error "the first line doesn't say what this is"
        cause "The first key is `voyager`, so that people, editors and programs see at once what a file is and which version of the language it speaks."
        example "    name: audit\n    voyager: manifest/v1"
        fix "make `voyager: manifest/v1` the first line."
    HeaderVersion "V0102" Error "this version of the language is unknown"
        cause "The file speaks a version of the language that this program doesn't."
        example "    voyager: manifest/v9"
        fix "write `manifest/v1`, or use a program that knows the version."
    UnknownKey "V0103" Error "a key is unknown"
        cause "Unknown keys are never ignored: a misspelt `timeout` would mean no timeout. Keys of your own begin with `x-`."
        example "    timout: 5m"
        fix "take the suggested key, or one of the listed."
    MissingKey "V0104" Error "a key is missing"
        cause "Without this key the construct has no meaning."
        example "    - id: scan\n      with: {}"
        fix "add the key."
    WrongForm "V0105" Error "a value has the wrong form"
        cause "A mapping, a list, or a single value stands where another form belongs."
        example "    needs: scan"
        fix "use the form that the message names, for example `needs: [scan]`."
    MalformedName "V0106" Error "a name is malformed"
        cause "Names are kebab-case, as in WIT: lower-case words of letters and digits, each beginning with a letter, joined by `-`; at most 64 characters. `inputs`, `steps`, `result` and the words of the expression language can't be names of items."
        example "    - id: Scan_1"
        fix "write it like `scan-one`."
    MalformedVersion "V0107" Error "a version is malformed"
        cause "Versions follow semantic versioning: `1.2.3`."
        example "    version: 1.2"
        fix "write all three numbers."
    MalformedBool "V0108" Error "a truth value is malformed"
        cause "Only `true` and `false` are truth values; `yes`, `on`, `True` are texts."
        example "    default: yes"
        fix "write `true` or `false`."
    MalformedNumber "V0109" Error "a number is malformed"
        cause "A number was expected here: digits, for a float with `.` or an exponent; no separators, no units, no quotes."
        example "    attempts: three"
        fix "write digits."
    MalformedDuration "V0110" Error "a duration is malformed"
        cause "A duration is a number and its unit: `ms`, `s`, `m`, `h`, `d`; several may follow each other. Without a unit nobody knows whether seconds or milliseconds are meant."
        example "    timeout: 30"
        fix "write `30s`, `5m`, `1h30m`."
    MalformedSize "V0111" Error "a size is malformed"
        cause "A size is a whole number and its unit: `B`, `KiB`, `MiB`, `GiB`. `MB` is left out because some mean 1000, some 1024."
        example "    memory: 64MB"
        fix "write `64MiB`."
    UnknownWord "V0112" Error "a word is not one of those possible here"
        cause "The field takes one of a few words."
        example "    changes: rollback"
        fix "take one of the listed words."
    OutOfRange "V0113" Error "a number is out of range"
        cause "The number is lower or higher than what makes sense, or than what the type can hold."
        example "    retry: { attempts: 0 }"
        fix "choose a number in the range that the message names."
    NoValue "V0114" Error "a value is missing"
        cause "The key stands there and its value doesn't."
        example "    timeout:"
        fix "write the value, or remove the key; an empty text is `\"\"`."
    MalformedType "V0115" Error "a type is malformed"
        cause "Types are those of WIT (`bool`, `s64`, `string`, `list<string>`, `option<u32>`, `tuple<string, u32>`, `record { name: string }`, `enum { low, high }`), and `int`, `float`, `bytes`, `path`, `duration`, `size`, `choice`."
        example "    type: str"
        fix "take the suggested type."
    TooLong "V0116" Error "a text or list is too long"
        cause "Names, descriptions, messages and lists are bounded, so that every display and every record of a run stays small."
        example "    description: (20,000 characters)"
        fix "shorten it."
    EmptyValue "V0117" Error "a text or list is empty"
        cause "Here something has to stand: an empty one has no meaning."
        example "    steps: []"
        fix "fill it in, or remove the key."

    DefaultMisfit "V0201" Error "a default doesn't fit its input"
        cause "The default is not one that could be given: its type, the pattern, the choices, or the bounds exclude it."
        example "    { type: int, max: 8, default: 10 }"
        fix "change the default or the bounds."
    InputRule "V0202" Error "a rule has no meaning for this type"
        cause "`pattern` and `length-max` bound texts, `min` and `max` whole numbers, `choices` belong to the type `choice`."
        example "    { type: bool, max: 3 }"
        fix "remove the rule or change the type."
    InputPattern "V0203" Error "a pattern is malformed"
        cause "The pattern is no regular expression. It has to match the whole text; look-around and back references don't exist, because they can take forever."
        example "    { type: string, pattern: \"(\" }"
        fix "correct it; quote in single quotes, so that `\\` stays."
    UnusedInput "V0204" Warning "an input is never used"
        cause "Nothing refers to the input, so whoever gives it expects an effect that it doesn't have."
        example "    inputs: { depth: { type: int } }   # and no `inputs.depth` anywhere"
        fix "use it or remove it."
    Choices "V0205" Error "the choices are missing, or one stands twice"
        cause "An input of type `choice` is one of the texts in `choices`, which are names, all different."
        example "    { type: choice, choices: [fast, fast] }"
        fix "list each once."
    InputBounds "V0206" Error "no value lies within the bounds"
        cause "The least value is greater than the greatest."
        example "    { type: int, min: 8, max: 1 }"
        fix "swap them."
    OptionalDefault "V0207" Error "an optional input has a default"
        cause "An input that has a default never is absent, so `optional` promises something that can't happen."
        example "    { type: string, optional: true, default: main }"
        fix "remove one of the two."

    DuplicateStep "V0301" Error "two steps have the same id"
        cause "References name steps by their ids, so each has its own."
        example "    - id: scan\n    - id: scan"
        fix "rename one of them."
    UnknownSkill "V0302" Error "there is no such skill"
        cause "None of the known skills has this name."
        example "    use: codr/survey"
        fix "take the suggested name, or install the skill; `agent-host skill list` shows all."
    UnknownOperation "V0303" Error "the skill has no such operation"
        cause "The skill is known, and exports no interface or function of this name."
        example "    use: coder/survay"
        fix "take the suggested name; `agent-host skill inspect NAME` shows all."
    AmbiguousOperation "V0304" Error "several operations have this name"
        cause "A short name must fit one operation only, or a run would depend on what else is installed."
        example "    use: scan/run"
        fix "write one of the full names that the message lists."
    SkillVersion "V0305" Error "the skill is not there in this version"
        cause "The version after `@` fits none of the versions that are there. `@1.2` fits every `1.2.x`."
        example "    use: voyager:coder@9/metrics.survey"
        fix "take one of the versions that the message names."
    MalformedOperation "V0306" Error "the name of an operation is malformed"
        cause "An operation is named `package:name@version/interface.function`, or shorter `name/function`."
        example "    use: coder.survey"
        fix "write `name/function`."
    MissingArgument "V0307" Error "an argument is missing"
        cause "The operation has a parameter that is no option, and nothing is given for it."
        example "    use: coder/measure   # without `with: { paths: ... }`"
        fix "add it to `with`."
    UnknownArgument "V0308" Error "the operation has no such parameter"
        cause "What stands in `with` has to be a parameter of the operation."
        example "    with: { path: [] }   # the parameter is called `paths`"
        fix "take the suggested name; `agent-host skill inspect NAME` shows all."
    ArgumentType "V0309" Error "a computed argument has the wrong type"
        cause "The type of the reference or expression is not that of the parameter. Whole numbers fit numbers of every width, a value fits an option of it; nothing else converts by itself."
        example "    with: { paths: { from: inputs.repo } }   # a path where a list of paths belongs"
        fix "refer to another value, or convert: `[x]`, `string(x)`, `int(x)`, `default(x, y)`."
    LiteralType "V0310" Error "a value doesn't fit its type"
        cause "The value that stands in the manifest can't be read as the type of its parameter, input, or field."
        example "    with: { hot-spots: many }   # a u32"
        fix "write a value of the type that the message names."
    HandleOperation "V0311" Error "this operation can't be used in a manifest"
        cause "Its parameters or its result hold a handle, a stream or a future. Those live between a host and a skill, never across a manifest."
        example "    use: files/open   # gives back a resource"
        fix "use an operation that takes and gives plain values."
    UnknownNeed "V0312" Error "a step waits for one that doesn't exist"
        cause "`needs` names ids of steps."
        example "    needs: [scna]"
        fix "take the suggested id."
    ForwardReference "V0313" Error "a step refers to a later one"
        cause "Steps stand in an order in which they can run: each refers only to what stands above it."
        example "    - id: report\n      with: { findings: { from: steps.scan } }\n    - id: scan"
        fix "move the step below the one that it needs."
    Cycle "V0314" Error "steps wait for each other"
        cause "Each of the steps needs the other to end first, so none could ever start."
        example "    - { id: a, needs: [b] }\n    - { id: b, needs: [a] }"
        fix "remove one of the dependencies."
    NoResult "V0315" Error "this step has no result"
        cause "Its operation gives back nothing, so there is nothing to refer to."
        example "    { from: steps.clean }   # `clean` gives back nothing"
        fix "refer to another step, or write `needs: [clean]` to wait for it."
    ItemsType "V0316" Error "for-each needs a list"
        cause "`in` has to give a list; the step runs once for each of its elements."
        example "    for-each: { in: inputs.repo, as: file }"
        fix "refer to a list."
    UnknownErrorKind "V0317" Error "there is no such kind of error"
        cause "`on-error` and `retry.on` name kinds: denied, not-found, invalid, conflict, limit, timeout, unavailable, unknown-effect, cancelled, failed, trapped, expectation, other. `on-error` also knows `any`."
        example "    on-error: { timeuot: continue }"
        fix "take the suggested kind."
    ItemName "V0318" Error "the item can't have this name"
        cause "The name already means something in expressions."
        example "    for-each: { in: inputs.files, as: result }"
        fix "choose another, for example `item`."
    HopelessRetry "V0319" Warning "trying again can't help"
        cause "An attempt that was denied, was invalid, or was cancelled ends the same way the next time."
        example "    retry: { attempts: 3, on: [denied] }"
        fix "retry on `timeout`, `unavailable`, `conflict`."
    UselessKey "V0320" Warning "a key has no effect here"
        cause "What the key asks for can't happen in this step."
        example "    needs: [a]   # and a reference to `steps.a`"
        fix "remove it."
    NotAReference "V0321" Error "from takes a reference only"
        cause "`{ from: ... }` names a value: `inputs.x`, `steps.a.b`, `steps.a[0]`. What computes stands in `{ expr: \"...\" }`, so that both can be told apart at a glance."
        example "    { from: \"size(steps.scan)\" }"
        fix "write `{ expr: \"...\" }`."
    StepForm "V0322" Error "a step is not one thing"
        cause "A step does one thing: it calls an operation (`use`), holds steps (`steps`, `switch`), or waits (`sleep`, `approve`, `await`). Each form has keys that mean nothing in the others."
        example "    - id: both\n      use: coder/survey\n      steps: [ ... ]"
        fix "make two steps of it."
    InsideBlock "V0323" Error "a step inside a block is named from outside"
        cause "Steps inside a block may run many times, or not at all. Outside, the block has one result: the record of theirs."
        example "    { from: steps.inner }   # `inner` stands inside `block`"
        fix "write `steps.block.inner`."
    UnreachableStep "V0324" Warning "a step is never reached"
        cause "A case of a `switch` without `when` always runs, so the ones below it never do."
        example "    switch: [ { id: a, use: x/y }, { id: b, when: \"inputs.b\", use: x/z } ]"
        fix "put the case without `when` last."
    RepeatedChanges "V0325" Error "rounds don't see each other's changes"
        cause "Files that a step changes become real when the step ends, after its last round. A step that is repeated would work on the old files in each round."
        example "    - id: fix\n      use: coder/rename\n      repeat: { max: 3 }"
        fix "repeat a block with the step in it, or only preview with `changes: discard`."
    CarriedType "V0326" Error "a carried value has the wrong type"
        cause "What goes from round to round under one name keeps its type."
        example "    carry: { best: { type: string, start: \"\", next: \"size(result)\" } }"
        fix "convert the value, or declare another type."
    TransactionFolder "V0327" Error "a transaction's folder can't be changed"
        cause "A transaction is over a folder in which the steps within it may write. Nested ones are over the same folder, since a transaction lets its steps write in no other."
        example "    transaction: { workspace: inputs.docs }   # granted with `read` alone"
        fix "add `write` to the folder's grant, or name another folder."
    UselessTransaction "V0328" Warning "a transaction changes nothing"
        cause "No step within the block calls a skill that could change a file of the transaction's folder, so there is nothing to make real at its end."
        example "    transaction: { workspace: inputs.repo }\n    steps: [ { id: fold, use: text/fold } ]"
        fix "remove `transaction`, or put the steps that change files into the block."
    BeyondTransaction "V0329" Warning "a step does what a transaction can't take back"
        cause "A transaction takes back changes of files, and nothing else. A program with network may have told somebody before a later step fails."
        example "    grants: { process: [ { run: git push, network: any } ] }   # within a transaction"
        fix "move the step behind the transaction, grant it no network, or give it a `compensate`."
    SignalType "V0330" Error "a signal has two types"
        cause "Whoever sends a signal names it, and what it carries is checked at once. So all steps of a manifest that wait for the same signal want the same of it."
        example "    - { id: a, await: { signal: built, type: string } }\n    - { id: b, await: { signal: built, type: int } }"
        fix "give both the same type, or another name."

    ExpressionSyntax "V0401" Error "an expression can't be read"
        cause "The text is no expression: something is missing, superfluous, or not closed."
        example "    when: \"inputs.tests &&\""
        fix "see the place that the caret shows."
    ExpressionSize "V0402" Error "an expression is too large"
        cause "Expressions have at most 8 KiB, 1,000 parts, and 64 levels."
        example "    1 + 1 + 1 + ... (a hundred times)"
        fix "move the work into a skill, or compare with `in [...]`."
    NumberRange "V0403" Error "a number in an expression is out of range"
        cause "Whole numbers have 64 bits, floats are finite."
        example "    inputs.count < 99999999999999999999"
        fix "use a smaller number."
    Pattern "V0404" Error "a pattern in an expression is malformed"
        cause "`matches` takes a literal regular expression. It is compiled before the run; look-around and back references don't exist."
        example "    inputs.name.matches(\"(\")"
        fix "correct it; r\"...\" keeps every `\\`."
    UnknownName "V0405" Error "a name in an expression is unknown"
        cause "Known are `inputs`, `steps`, in `expect` also `result`, with `for-each` the item."
        example "    when: \"tests\""
        fix "write `inputs.tests`; a text needs quotes of its own."
    UnknownInput "V0406" Error "there is no such input"
        cause "The manifest declares no input of this name."
        example "    { from: inputs.rpeo }"
        fix "take the suggested name, or declare the input."
    UnknownStep "V0407" Error "there is no such step"
        cause "No step has this id."
        example "    { from: steps.scna }"
        fix "take the suggested id."
    UnknownField "V0408" Error "there is no such field"
        cause "The value has a type without such a field."
        example "    result.exit_code == 0   # it is called `exit-code`"
        fix "take the suggested field."
    UnknownFunction "V0409" Error "there is no such function"
        cause "Expressions know a few functions only: size, has, default, contains, startsWith, endsWith, matches, join, flatten, present, string, int, float, and all, exists, filter, map on lists."
        example "    len(inputs.name) > 3"
        fix "take the suggested function."
    FunctionArguments "V0410" Error "a function gets the wrong arguments"
        cause "Their number or their types are not what the function takes."
        example "    size(12)"
        fix "see what the message says it takes."
    OperandTypes "V0411" Error "an operator gets the wrong types"
        cause "Nothing converts by itself but whole numbers to floats: a number is no text, a text no truth value."
        example "    inputs.name + 1"
        fix "convert with `string`, `int`, `float`, or compare."
    EnumName "V0412" Error "a comparison can never hold"
        cause "The value is one of a few names, and the text is none of them."
        example "    finding.severity == \"hihg\""
        fix "take the suggested name."
    Absent "V0413" Error "a value may be absent where it is used"
        cause "An optional input, an optional field, or the result of a step that may be skipped (`when`) or passed over (`on-error`) may be absent. What happens then has to be said."
        example "    when: \"steps.test.exit-code == 0\"   # and `test` has a `when`"
        fix "`default(value, other)`, `value.?field`, or ask with `has(value)`."
    ConditionType "V0414" Error "a condition is no truth value"
        cause "`when` and `expect.that` have to give true or false."
        example "    when: inputs.name"
        fix "compare the value."

    MalformedGlob "V0501" Error "a glob is malformed"
        cause "Globs name paths with `/`: `*` and `?` stay within a folder, `**` crosses folders, `[ab]` and `{a,b}` choose. They begin at the granted folder."
        example "    read: [\"src/[\"]"
        fix "correct it; to allow all, write `**`."
    UnknownRoot "V0502" Error "a folder is granted that no input names"
        cause "A folder is granted through an input of type `path`, so that whoever starts the run chooses it."
        example "    workspace: [ { root: /home, read: [\"**\"] } ]"
        fix "declare `inputs: { repo: { type: path } }` and write `root: inputs.repo`."
    DuplicateRoot "V0503" Error "a folder is granted twice"
        cause "Skills see folders by their names, so each has one grant."
        example "    - { root: inputs.repo, read: [\"**\"] }\n    - { root: inputs.repo, write: [\"**\"] }"
        fix "put both in one entry."
    WiderGrant "V0504" Error "a step asks for more than the manifest grants"
        cause "What the manifest grants is the ceiling: a step can only narrow it. More would never be allowed, so asking for it is a mistake."
        example "    a step with `write: [\"**\"]` under a manifest with `write: [\"docs/**\"]`"
        fix "widen the manifest's grant, or narrow the step's."
    MissingGrant "V0505" Warning "a skill asks for what is not granted"
        cause "The skill imports a capability, and nothing of it is granted, so its first use will be denied."
        example "    use: coder/survey   # without `grants: { workspace: ... }`"
        fix "grant it; to deny it knowingly, write an empty list in the step's grants."
    UnusedGrant "V0506" Warning "a grant is never used"
        cause "No skill that it applies to can use it. Power that nobody needs is only of use to an attacker."
        example "    grants: { process: [ { run: make } ] }   # and no step starts programs"
        fix "remove it."
    EmptyGrant "V0507" Error "a grant allows nothing"
        cause "The folder is named, and neither `read` nor `write` names a path in it."
        example "    workspace: [ { root: inputs.repo } ]"
        fix "add `read: [\"**\"]`."
    MalformedProgram "V0508" Error "a program is malformed"
        cause "`run` is a program and its first arguments, words separated by spaces: a call must begin with them. No shell reads it, so quotes, pipes and variables have no meaning."
        example "    run: \"cargo test | tee log\""
        fix "name the program alone; words with spaces can be given as a list."
    UnknownTask "V0509" Warning "no known operation fits a grant"
        cause "`tasks` names operations by globs over `package:name/interface.function`, and this one fits none that is installed."
        example "    tasks: [\"voyager:codr/**\"]"
        fix "correct it."

    LimitAboveHost "V0601" Error "a limit is above what the host allows"
        cause "A manifest can raise a limit up to the host's ceiling, which protects the machine. The ceiling is fixed: no setting moves it."
        example "    limits: { memory: 64GiB }"
        fix "lower it, or do less in one step: split the work over several steps or child tasks."
    TimeoutAboveDeadline "V0602" Warning "a timeout can't be reached"
        cause "The run's deadline passes, or the limit on the task's time bites, before the timeout does."
        example "    limits: { deadline: 1m }   # and a step with `timeout: 5m`"
        fix "raise the deadline or the limit, or lower the timeout."
    ChildrenAboveSteps "V0603" Warning "a bound exceeds another one that it can't exceed"
        cause "More child tasks, or more items at a time, are allowed than the whole run may have."
        example "    limits: { steps: 10, children: 100 }"
        fix "raise the run's bound, or lower this one."
    PriorityAbove "V0604" Error "a step is more important than what holds it"
        cause "Steps and child tasks have the priority of what holds them, and may only lower it: otherwise any step could push aside what the person who starts the run finds more important."
        example "    priority: low\n    steps:\n      - { id: scan, use: coder/metrics, priority: high }"
        fix "raise the priority of the manifest or block, or leave it out here; `run --priority` raises a whole run."

    OutputType "V0701" Error "an output has another type than it says"
        cause "The type that the output declares is not that of its expression."
        example "    { type: string, from: steps.scan }   # a list"
        fix "correct the type or the expression; without `type` it is that of the expression."
    OutputFile "V0702" Error "an output's file name is malformed or taken"
        cause "`file` is a relative path below the folder that `--out` names: no leading `/`, no `..`, no `\\`, each name once."
        example "    file: ../report.md"
        fix "write a plain name such as `report.md`."

    ScenarioManifest "V0801" Error "the manifest of a scenario can't be used"
        cause "A scenario tests one manifest, which it names by a path from its own folder. That manifest can't be read, or is wrong itself."
        example "    manifest: ../renam.yaml"
        fix "correct the path, or the manifest: `agent-host validate` says what is wrong with it."
    WorkspacePath "V0802" Error "a path leads out of the workspace"
        cause "Each scenario has a fresh workspace of its own. Its paths lead downwards from there: no leading `/`, no `..`, no `\\`."
        example "    files: { /etc/passwd: root }"
        fix "write the path from the workspace's root."
    MissingInput "V0803" Error "a scenario lacks an input"
        cause "The manifest declares an input that has no default and may not be absent, so no run can begin without it."
        example "    inputs: {}   # for a manifest that needs `repo`"
        fix "give it; a path is one within the workspace, `.` is all of it."
    InputMisfit "V0804" Error "an input can't be given"
        cause "The value doesn't keep the rules of the manifest's input: its bounds, its pattern, its choices."
        example "    inputs: { rounds: 0 }   # for an input with `min: 1`"
        fix "give a value that a run could be given. That a manifest refuses an input needs no scenario: it is refused before a run begins."
    AnswerForm "V0805" Error "an answer is not one thing"
        cause "An answer is for one step or one operation, and gives a `result` or `fails`. `message` and `detail` belong to `fails`."
        example "    - { step: find, result: [], fails: timeout }"
        fix "keep one of them; for other calls write another answer."
    NotCalled "V0806" Error "a step calls nothing"
        cause "Only calls of operations can be answered, fail or be delayed. A block or a sleep calls nothing itself."
        example "    answers: [ { step: each, result: [] } ]   # a block"
        fix "name the steps inside the block."
    UnreachedAnswer "V0807" Warning "an answer is never taken"
        cause "A call takes the first answer that fits it, and one above fits every call that this one does."
        example "    - { step: find, result: [] }\n    - { step: find, attempt: 2, result: [a.py] }"
        fix "put the narrower answer first, or give the wider one `times`."
    FaultForm "V0808" Error "a fault is not one thing"
        cause "A fault is one of `kill`, `fail`, `delay`, `jump`, with the keys that belong to it: `disk` to `kill`, `at` to `jump`, `message` to `fail`, `item` and `attempt` to `fail` and `delay`, `count` to `kill` and `jump`."
        example "    - { kill: step-done, delay: 5s, step: find }"
        fix "write one fault for each thing that goes wrong."
    ExpectationForm "V0809" Error "what is expected contradicts itself"
        cause "No run can meet this expectation, or any run does."
        example "    expect: { status: succeeded, error: { kind: timeout } }"
        fix "keep what is meant."
    UnknownOutput "V0810" Error "the manifest has no such output"
        cause "Expectations name outputs of the manifest."
        example "    expect: { outputs: { plcaes: 2 } }"
        fix "take the suggested one."
    Unmet "V0811" Error "an expectation of a scenario does not hold"
        cause "The scenario ran, and something else came of it than it expects. The message says what differs, and nothing of what doesn't."
        example "    expect: { outputs: { places: 2 } }   # there are 3"
        fix "correct the manifest, or the scenario where it expects the wrong thing."
}

impl Code {
    /// The code with this name, in any case.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.text().eq_ignore_ascii_case(text))
    }
}

/// The page of a code: cause, example, way out.
pub fn explain(code: &str) -> Option<&'static str> {
    Code::from_text(code).map(Code::page)
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_a_number_of_its_own() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].text() < pair[1].text(), "{} {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            let page = explain(&code.text().to_lowercase()).unwrap();
            assert!(page.starts_with(&format!("{code}: {}", code.title())), "{page}");
            assert!(page.contains("\n\nExample:\n\n") && page.contains("\n\nWay out: "), "{page}");
        }
        assert_eq!(explain("V9999"), None);
    }
}
