//! The machine itself: its clock, its randomness, its environment. The only file of the program that
//! reads them; everything else takes them as arguments.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use voyager_base::{
    BoxFuture,
    call::Spawn,
    chance::Chance,
    clock::{Clock, Timestamp},
};

/// The machine's clock. It reads the wall clock once and goes on by the monotonic one, so that it
/// never runs backwards when somebody sets the time.
pub(crate) struct SystemClock {
    started: Instant,
    wall: Timestamp,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the program reads the clock")]
    pub(crate) fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(wall.as_micros()).unwrap_or(u64::MAX);
        Self { started: Instant::now(), wall: Timestamp::from_micros(micros) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.wall.after(self.started.elapsed())
    }

    fn wait_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let wait = deadline.since(self.now());
        Box::pin(async move {
            // A timer's grain is a millisecond; an early wake-up would look like a deadline that is
            // still to come.
            tokio::time::sleep(wait + Duration::from_micros(1)).await;
        })
    }
}

/// The machine's randomness.
pub(crate) struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness once it is up");
    }
}

/// Spawns onto the runtime that the program runs on.
pub(crate) struct SystemSpawn(pub(crate) tokio::runtime::Handle);

impl Spawn for SystemSpawn {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.spawn(future);
    }
}

/// A variable of the environment that somebody names, where it is UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is where the program reads its environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Memory of this process, in bytes; none where the system does not tell.
pub(crate) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// What the program takes from its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `$HOME`.
    pub(crate) home: Option<PathBuf>,
    /// `$XDG_STATE_HOME`.
    pub(crate) state_home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub(crate) config_home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`.
    pub(crate) data_home: Option<PathBuf>,
    /// `$VOYAGER_POLICY`.
    pub(crate) policy: Option<PathBuf>,
    /// `$VOYAGER_MEMORY_KEY`: where the key comes from.
    pub(crate) memory_key: Option<String>,
    /// `$VOYAGER_ENCODER`.
    pub(crate) encoder: Option<String>,
    /// `$VOYAGER_ENCODER_KEY`.
    pub(crate) encoder_key: Option<String>,
    /// `$VOYAGER_LOG`.
    pub(crate) log: Option<String>,
    /// OpenTelemetry's variables, and `$TRACEPARENT`.
    pub(crate) telemetry: BTreeMap<String, String>,
    /// `$USER`.
    pub(crate) user: Option<String>,
    /// `$NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
}

impl Environment {
    /// Reads it.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the program reads its environment"
    )]
    pub(crate) fn read() -> Self {
        let folder =
            |name| std::env::var(name).ok().map(PathBuf::from).filter(|it| it.is_absolute());
        Self {
            home: folder("HOME"),
            state_home: folder("XDG_STATE_HOME"),
            config_home: folder("XDG_CONFIG_HOME"),
            data_home: folder("XDG_DATA_HOME"),
            policy: std::env::var_os("VOYAGER_POLICY")
                .filter(|it| !it.is_empty())
                .map(PathBuf::from),
            memory_key: std::env::var("VOYAGER_MEMORY_KEY").ok().filter(|it| !it.is_empty()),
            encoder: std::env::var("VOYAGER_ENCODER").ok().filter(|it| !it.is_empty()),
            encoder_key: std::env::var("VOYAGER_ENCODER_KEY").ok().filter(|it| !it.is_empty()),
            log: std::env::var("VOYAGER_LOG").ok().filter(|it| !it.is_empty()),
            telemetry: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .filter(|(name, _)| name.starts_with("OTEL_") || name == "TRACEPARENT")
                .collect(),
            user: std::env::var("USER").ok().filter(|it| !it.is_empty()),
            no_color: std::env::var("NO_COLOR").is_ok_and(|it| !it.is_empty()),
        }
    }
}
