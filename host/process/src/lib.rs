//! Voyager.
