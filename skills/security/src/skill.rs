//! t
wit_bindgen::generate!({
    path: ["../../wit/types.wit", "../../wit/run.wit", "../../wit/workspace.wit", "../../wit/tasks.wit", "wit"],
    world: "voyager:security/skill",
    generate_all,
});
