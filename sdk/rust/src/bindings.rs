//! The contract as generated from its WIT.
//!
//! A function that is called without the host (in a test on the machine) panics.
#![allow(missing_docs, reason = "the docs of the WIT files are on the items")]

wit_bindgen::generate!({
    path: [
        "../../wit/types.wit",
        "../../wit/run.wit",
        "../../wit/workspace.wit",
        "../../wit/tasks.wit",
        "../../wit/process.wit",
        "../../wit/http.wit",
        "../../wit/memory.wit",
    ],
    inline: r#"
        package voyager:sdk;

        world contract {
            import voyager:types/types@0.1.0;
            import voyager:run/run@0.1.0;
            import voyager:workspace/files@0.1.0;
            import voyager:tasks/tasks@0.1.0;
            import voyager:process/process@0.1.0;
            import voyager:http/http@0.1.0;
            import voyager:memory/memory@0.1.0;
            import voyager:memory/results@0.1.0;
            import voyager:memory/evidence@0.1.0;
        }
    "#,
    world: "voyager:sdk/contract",
    additional_derives: [PartialEq],
    // It holds a handle, and handles are no values.
    additional_derives_ignore: ["root", "response"],
    generate_all,
});
