//! An encoder of a folder, from its files to what is found by it, and another one in its place.

use std::fs;

use e2e::{Stage, Telling};

use crate::{
    encoder::{memory, vectors},
    small_encoder::{Parts, small},
};

/// Words that the encoder does not know are all the same to it: so many of them mean the same.
const FACTS: &str =
    "{\"text\":\"Automobile sold\"}\n{\"text\":\"The birds sing.\"}\n{\"text\":\"A bird\"}\n";
const UNKNOWN: &str = "lorry parked";

/// How often somebody looks whether all is encoded: each time a process starts, so that this is half a minute or so.
const LOOKS: usize = 1_000;

fn write(stage: &Stage, folder: &str, encoder: &Parts) -> String {
    for (name, bytes) in encoder.files() {
        stage.write(&format!("{folder}/{name}"), bytes);
    }
    folder.to_owned()
}

/// The texts that are found, the best first, and how near the vector of each is.
fn found(stage: &Stage, encoder: &str, question: &str) -> Vec<(String, f64)> {
    let recall = memory(stage, encoder, &["recall", question]);
    let hits = recall["hits"].as_array().expect("a list").iter();
    let told = |hit: &serde_json::Value| {
        let text = hit["record"]["text"].as_str().expect("a text").to_owned();
        (text, hit["signals"]["vector"].as_f64().expect("a number"))
    };
    hits.map(told).collect()
}

#[test]
fn records_are_found_by_the_vectors_of_whichever_encoder_there_is() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let one = write(&stage, "one", &small());
    let encoded = memory(&stage, &one, &["encode"]);
    assert_eq!((&encoded["vectors"], &encoded["refused"]), (&3.into(), &0.into()), "{encoded}");
    assert_eq!(found(&stage, "none", UNKNOWN), [], "no word finds it");
    let near = found(&stage, &one, UNKNOWN);
    assert!(near[0].0 == "Automobile sold" && near[0].1 > 0.99, "{near:?}");
    assert!(near[1..].iter().all(|it| it.1 < 0.99), "{near:?}");
    // A host that stays takes another encoder: words answer at once, and all is encoded beside.
    let mut host = Telling::begin(stage.command(["--encoder", "hashed", "serve", "--json"]));
    host.until(&["serving"]);
    assert_eq!(found(&stage, "none", "sing")[0].0, "The birds sing.");
    let is_encoded = (0..LOOKS).any(|_| vectors(&stage, "none") == 3);
    assert!(is_encoded, "each record has a vector of the new encoder");
    let near = found(&stage, "none", "automobiles");
    assert!(near[0].0 == "Automobile sold" && near[0].1 > 0.0, "{near:?}");
    host.stop();
    // The same files with other weights are another encoder; the first one's vectors are still there.
    let mut parts = small();
    let bias = parts.tensors.get_mut("encoder.layer.1.output.dense.bias");
    bias.expect("it has one").1.fill(0.25);
    let other = write(&stage, "other", &parts);
    assert_eq!(vectors(&stage, &other), 0);
    assert_eq!(memory(&stage, &other, &["encode"])["vectors"], 3);
    for folder in [&other, &one] {
        assert_eq!(vectors(&stage, folder), 3);
        assert_eq!(found(&stage, folder, UNKNOWN)[0].0, "Automobile sold");
    }
}

#[test]
fn a_folder_that_comes_later_is_taken_by_a_host_that_stays() {
    let Some(stage) = Stage::new() else { return };
    stage.write("facts.jsonl", FACTS);
    memory(&stage, "none", &["import", "facts.jsonl"]);
    let one = write(&stage, "one", &small());
    assert_eq!(memory(&stage, &one, &["encode"])["vectors"], 3);
    let (here, away) = (stage.path("one"), stage.path("away"));
    fs::rename(&here, &away).expect("it can be moved");
    let mut host = Telling::begin(stage.command(["--encoder", &one, "serve", "--json"]));
    host.until(&["serving"]);
    let problem = memory(&stage, "none", &["stats"])["encoder-problem"].to_string();
    assert!(problem.contains("one/config.json: No such file"), "{problem}");
    fs::rename(&away, &here).expect("it can be moved");
    // Vectors that it made before are there, too.
    let encoded = memory(&stage, "none", &["encode"]);
    assert_eq!((&encoded["vectors"], &encoded["encoded"]), (&3.into(), &0.into()), "{encoded}");
    assert_eq!(found(&stage, "none", UNKNOWN)[0].0, "Automobile sold");
    host.stop();
}
