//! The exported operations.

use crate::contract::exports::voyager::documentation::report::{
    FileOutline, Guest, Overview, SecurityReport, TestResult,
};

struct Documentation;

#[allow(
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    reason = "generated: the symbols that the component model asks for"
)]
mod exported {
    use super::Documentation;

    crate::contract::export!(Documentation with_types_in crate::contract);
}

impl Guest for Documentation {
    fn audit(
        title: String,
        metrics: Option<Overview>,
        tests: Option<TestResult>,
        security: Option<SecurityReport>,
    ) -> String {
        crate::audit::report(&title, metrics.as_ref(), tests.as_ref(), security.as_ref())
    }

    fn api(title: String, outlines: Vec<FileOutline>, public_only: bool) -> String {
        crate::api::outline(&title, &outlines, public_only)
    }
}
