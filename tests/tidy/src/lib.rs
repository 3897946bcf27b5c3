//! The rules of the architecture page, as tests.
