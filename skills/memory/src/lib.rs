//! The memory skill: remembers, recalls and forgets for manifests.
//!
//! What is deliberately not here: any rule about which spaces may be used. That is the grant's business and
//! the host's.

#[cfg(target_arch = "wasm32")]
mod skill;
