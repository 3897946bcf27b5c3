//! The component in the real host. Start by `agent-host skill test`.

use std::fs;

use voyager_sdk::testing::Call;

#[test]
fn frequent_words_come_first() {
    let folder = std::env::temp_dir().join(format!("{{name}}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.txt"), "one two two").unwrap();
    fs::write(folder.join("b.txt"), [0xff]).unwrap();
    let call = || Call::new("{{name}}/count").with("globs", vec!["*.txt"]).with("most", 1);
    let played = call().read(&folder).play();
    let counted = played.outcome.clone().unwrap();
    assert_eq!(counted[0]["word"], "two");
    assert_eq!(counted[0]["count"], 2);
    // What it asked the host, and what it logged.
    let read: Vec<_> = played.asked("workspace.read").iter().map(|it| &it.arguments["path"]).collect();
    assert_eq!(read, ["a.txt", "b.txt"]);
    assert_eq!(played.log[0].0, "warn", "{:?}", played.log);
    // What is not granted is not there, and the kind of the error says so.
    let refused = call().run().unwrap_err();
    assert_eq!(refused.kind, "denied");
    assert!(refused.message.contains("no folder is granted"), "{refused:?}");
    fs::remove_dir_all(&folder).unwrap();
}
