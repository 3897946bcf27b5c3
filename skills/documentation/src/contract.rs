//! The types of `wit/skill.wit`, generated: the one source for the shape of every record that crosses
//! the border.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    unnameable_types,
    clippy::all,
    clippy::restriction,
    clippy::pedantic,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "voyager:documentation/skill",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    default_bindings_module: "crate::contract",
});
