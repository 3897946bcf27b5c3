//! Keeps what agents learned, finds what matters, forgets for certain.
//!
//! Start reading at [`record`].

pub mod record;
pub mod terms;
