//! The types of `wit/skill.wit`, generated: the one source for the shape of every record that crosses
//! the border, used by the analysis too, so that nothing is declared twice. They also say how the
//! results of child tasks are read (`serde`: records as arrays in declaration order).

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
    path: [
        "../../wit/types.wit",
        "../../wit/run.wit",
        "../../wit/workspace.wit",
        "../../wit/tasks.wit",
        "wit",
    ],
    world: "voyager:coder/skill",
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    additional_derives_ignore: ["root"],
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::contract",
});
