//! The http skill: asks a server, and gives back what it answers as text.
//!
//! What is deliberately not here: any rule about who may be asked. That is the grant's business and the
//! host's.

#[cfg(target_arch = "wasm32")]
mod skill;
