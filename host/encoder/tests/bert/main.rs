//! Encoders from folders, the whole way: a small one with random weights, and a published one where it lies at hand.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test is told where the published encoder lies")]

mod small;

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use voyager_encoder::{Bert, EncodeError, Lexicon, Precision, lexicon::Making};

use self::small::{MEAN, POSITIONS, Parts, VOCABULARY, WIDTH, small};

const FIRST: &str = r#"{ "pooling_mode_cls_token": true }"#;

impl Parts {
    fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("1_Pooling")).unwrap();
        for (name, bytes) in self.files() {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn open(&self, precision: Precision) -> Bert {
        Bert::open(self.write(), precision).unwrap()
    }

    fn values(&mut self, name: &str) -> &mut Vec<f32> {
        &mut self.tensors.get_mut(name).unwrap().1
    }
}

/// The same with the names that some files have.
fn named(parts: Parts) -> Parts {
    let named = parts.tensors.into_iter().map(|(name, it)| (format!("bert.{name}"), it));
    Parts { tensors: named.collect(), ..parts }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

const TEXTS: [&str; 3] = [
    "The bird sings",
    "the bird the bird the bird the bird the bird the bird the bird the bird the bird the bird",
    "",
];

/// The first six numbers of each text's vector and the last, as `tests/reference.py` prints them.
const MEANS: [[f32; 7]; 3] = [
    [0.173823, -0.089058, -0.134332, -0.062267, -0.041097, -0.002273, -0.262675],
    [0.297192, -0.012407, 0.022112, -0.009122, 0.006052, -0.098961, -0.194669],
    [0.040384, -0.159074, -0.350163, 0.033305, 0.234241, -0.027389, -0.120588],
];
const FIRSTS: [[f32; 7]; 3] = [
    [0.133815, -0.154391, -0.160609, -0.045826, 0.277392, -0.078498, -0.221681],
    [0.226227, -0.109151, -0.046373, -0.05363, 0.31742, -0.146465, -0.170379],
    [0.088033, -0.135644, -0.298159, 0.018407, 0.185087, -0.014657, -0.189742],
];

#[test]
fn vectors_are_those_of_the_reference() {
    for (pooling, expected) in [(MEAN, MEANS), (FIRST, FIRSTS)] {
        let bert = Parts { pooling, ..small() }.open(Precision::Exact);
        let vectors = bert.encode(&TEXTS).unwrap();
        for (vector, expected) in vectors.iter().zip(&expected) {
            assert_eq!(vector.len(), WIDTH);
            assert!((cosine(vector, vector) - 1.0).abs() < 1e-6);
            let found = vector[..6].iter().chain(&vector[WIDTH - 1..]);
            for (found, expected) in found.zip(expected) {
                assert!((found - expected).abs() < 5e-6, "{pooling}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn vectors_by_bytes_are_near_the_exact_ones() {
    let exact = small().open(Precision::Exact).encode(&TEXTS).unwrap();
    let bytes = small().open(Precision::Bytes).encode(&TEXTS).unwrap();
    for (exact, bytes) in exact.iter().zip(&bytes) {
        let cosine = cosine(exact, bytes);
        assert!(cosine > 0.995 && exact != bytes, "{cosine}");
    }
}

#[test]
fn a_vector_does_not_depend_on_company_or_thread() {
    for precision in [Precision::Exact, Precision::Bytes] {
        let bert = small().open(precision);
        // More tokens than run together.
        let many: Vec<&str> = TEXTS.iter().copied().cycle().take(40).collect();
        let alone: Vec<_> = many.iter().map(|it| bert.encode(&[it]).unwrap().remove(0)).collect();
        let answers = std::thread::scope(|scope| {
            let asked = [(); 3].map(|()| scope.spawn(|| bert.encode(&many).unwrap()));
            asked.map(|it| it.join().unwrap())
        });
        assert!(answers.iter().all(|it| *it == alone));
    }
}

#[test]
fn no_texts_have_no_vectors() {
    assert!(small().open(Precision::Bytes).encode(&[]).unwrap().is_empty());
}

#[test]
fn tokens_are_counted_without_those_around_and_all_of_them() {
    let bert = small().open(Precision::Bytes);
    let counts = TEXTS.map(|it| bert.count_tokens(it));
    assert_eq!((counts, bert.tokens_max(), bert.dimensions()), ([4, 20, 0], POSITIONS, WIDTH));

    let folder = small().write();
    fs::write(folder.path().join("sentence_bert_config.json"), r#"{ "max_seq_length": 6 }"#)
        .unwrap();
    let shorter = Bert::open(&folder, Precision::Bytes).unwrap();
    assert_eq!(shorter.tokens_max(), 6);
    let cut = shorter.encode(&["the bird the bird the bird", "the bird the bird"]).unwrap();
    assert_eq!(cut[0], cut[1]);
    assert_ne!(shorter.id(), bert.id());
}

#[test]
fn ids_change_when_vectors_do_and_not_otherwise() {
    let mut weights = small();
    weights.values("encoder.layer.1.output.dense.bias")[7] += 1e-6;
    let mut eyes = small();
    eyes.tokenizer["normalizer"]["lowercase"] = json!(false);
    // Layers that are there and not used.
    let mut fewer = small();
    fewer.config["num_hidden_layers"] = json!(1);
    let mut fewer_named = named(small());
    fewer_named.config["num_hidden_layers"] = json!(1);
    let mut others = [
        fewer.open(Precision::Bytes),
        fewer_named.open(Precision::Bytes),
        named(small()).open(Precision::Bytes),
        small().open(Precision::Exact),
        weights.open(Precision::Bytes),
        eyes.open(Precision::Bytes),
        Parts { pooling: FIRST, ..small() }.open(Precision::Bytes),
        small().open(Precision::Bytes),
    ]
    .map(|it| it.id().to_owned());
    assert_eq!(others[7], small().open(Precision::Bytes).id());
    others.sort();
    assert!(others.windows(2).all(|it| it[0] != it[1]), "{others:?}");
}

#[test]
fn names_may_begin_with_the_family() {
    let plain = small().open(Precision::Exact).encode(&TEXTS).unwrap();
    assert_eq!(named(small()).open(Precision::Exact).encode(&TEXTS).unwrap(), plain);
}

type Change = fn(&mut Parts);

/// Changes of one file each, with what is said of them after the folder's path.
#[test]
fn what_is_wrong_is_said_with_file_and_expectation() {
    let cases: [(Change, &str); 16] = [
        (
            |it| drop(it.tensors.remove("encoder.layer.1.output.dense.bias")),
            "model.safetensors: tensor `encoder.layer.1.output.dense.bias` is missing",
        ),
        (
            |it| it.values("embeddings.LayerNorm.weight")[3] = f32::NAN,
            "model.safetensors: value 3 of tensor `embeddings.LayerNorm.weight` is not finite",
        ),
        (
            |it| it.values("encoder.layer.0.attention.self.key.weight")[9] = f32::INFINITY,
            "model.safetensors: value 9 of tensor `encoder.layer.0.attention.self.key.weight` is not finite",
        ),
        (
            |it| it.config["intermediate_size"] = json!(36),
            "model.safetensors: tensor `encoder.layer.0.intermediate.dense.weight` is [72, 48], but config.json makes it [36, 48]",
        ),
        (
            |it| it.config["vocab_size"] = json!(39),
            "tokenizer.json: token \"word39\" is number 39, but the weights know 39 tokens: the files are of different encoders",
        ),
        (
            |it| it.config["num_attention_heads"] = json!(5),
            "config.json: hidden_size 48 cannot be divided among 5 heads",
        ),
        (
            |it| it.config["num_hidden_layers"] = json!(0),
            "config.json: num_hidden_layers is 0, not 1 to 65536",
        ),
        (
            |it| it.config["hidden_size"] = json!(-1),
            "config.json: invalid value: integer `-1`, expected usize at line 1 column 57",
        ),
        (
            |it| it.config["layer_norm_eps"] = json!(-1.0),
            "config.json: layer_norm_eps is -1, not 0 or more",
        ),
        (
            |it| it.config["hidden_act"] = json!("relu"),
            "config.json: hidden_act is \"relu\"; only \"gelu\" is known",
        ),
        (
            |it| it.config["model_type"] = json!("roberta"),
            "config.json: model_type is \"roberta\"; only \"bert\" is known",
        ),
        (
            |it| it.config["position_embedding_type"] = json!("relative_key"),
            "config.json: position_embedding_type is \"relative_key\"; only \"absolute\" is known",
        ),
        (
            |it| it.tokenizer["model"]["type"] = json!("BPE"),
            "tokenizer.json: model is of type \"BPE\"; known here: WordPiece",
        ),
        (
            |it| it.tokenizer["added_tokens"] = overlapping(" "),
            "tokenizer.json: added token \" \" begins with white space, and \"a\" takes what follows it: a text \
             with one right behind the other can't be cut",
        ),
        (
            |it| it.config["max_position_embeddings"] = json!(2),
            "tokenizer.json: 2 tokens stand around a text, which leaves none of 2 for it",
        ),
        (
            |it| it.pooling = "{}",
            "1_Pooling/config.json: known is one of pooling_mode_mean_tokens and pooling_mode_cls_token alone",
        ),
    ];
    for (change, expected) in cases {
        let mut parts = small();
        change(&mut parts);
        // Only so long as they are needed, the rest of the positions would be in the way.
        if expected.starts_with("tokenizer.json: 2 tokens") {
            parts.tensors.get_mut("embeddings.position_embeddings.weight").unwrap().0[0] = 2;
            parts.values("embeddings.position_embeddings.weight").truncate(2 * WIDTH);
        }
        if expected.contains("word39") {
            parts.tensors.get_mut("embeddings.word_embeddings.weight").unwrap().0[0] = 39;
            parts.values("embeddings.word_embeddings.weight").truncate(39 * WIDTH);
        }
        assert_eq!(said(&parts.write()), expected);
    }
}

fn said(folder: &TempDir) -> String {
    let error = Bert::open(folder, Precision::Bytes).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn what_is_asked_for_beside_the_weights_is_refused_where_it_is_not_here() {
    let module = |name: &str| json!({ "type": format!("sentence_transformers.models.{name}") });
    let listed = |names: &[&str]| json!(names.iter().map(|it| module(it)).collect::<Vec<_>>());
    let cases = [
        (
            "modules.json",
            listed(&["Transformer", "Pooling", "Dense", "Normalize"]),
            "modules.json: module \"Dense\" is asked for; known are Transformer, Pooling, Normalize",
        ),
        (
            "sentence_bert_config.json",
            json!({ "max_seq_length": 0 }),
            "sentence_bert_config.json: max_seq_length is 0, not 1 or more",
        ),
    ];
    for (file, content, expected) in cases {
        let folder = small().write();
        fs::write(folder.path().join(file), content.to_string()).unwrap();
        assert_eq!(said(&folder), expected);
    }
    let folder = small().write();
    fs::write(
        folder.path().join("modules.json"),
        listed(&["Transformer", "Pooling", "Normalize"]).to_string(),
    )
    .unwrap();
    let same = small().open(Precision::Bytes);
    assert_eq!(Bert::open(&folder, Precision::Bytes).unwrap().id(), same.id());
}

#[test]
fn files_that_are_no_weights_are_refused() {
    let weights = small().files()[0].1.clone();
    let mut long = weights.clone();
    long[..8].copy_from_slice(&10_000_000_000_u64.to_le_bytes());
    let mut more = weights.clone();
    more.push(0);
    let files = [
        Vec::new(),
        weights[..7].to_vec(),
        weights[..weights.len() - 1].to_vec(),
        long,
        more,
        b"PK\x03\x04 a zip archive".to_vec(),
    ];
    for bytes in files {
        let folder = small().write();
        fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let said = said(&folder);
        assert!(said.starts_with("model.safetensors: not a safetensors file: "), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for name in ["model.safetensors", "config.json", "tokenizer.json"] {
        let folder = small().write();
        fs::remove_file(folder.path().join(name)).unwrap();
        assert_eq!(said(&folder), format!("cannot read {name}"));
        fs::create_dir(folder.path().join(name)).unwrap();
        assert_eq!(said(&folder), format!("cannot read {name}"));
    }
    let folder = small().write();
    let file = fs::File::create(folder.path().join("model.safetensors")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(
        said(&folder),
        "model.safetensors has 1099511627776 bytes, more than the 2147483648 that are read"
    );
}

/// Added tokens that both take the space between them.
fn overlapping(space: &str) -> Value {
    let token = |id: usize, content: &str, lstrip: bool| {
        json!({ "id": id, "special": false, "content": content, "single_word": false,
            "lstrip": lstrip, "rstrip": !lstrip, "normalized": true })
    };
    json!([token(4, "a", false), token(VOCABULARY - 1, space, true)])
}

/// Such a one is a space only once it is normalised, and the library panics: other texts have their vectors.
#[test]
fn a_text_that_the_library_cannot_cut_is_told() {
    let (mut parts, space) = (small(), "\u{0} \u{0}");
    let vocabulary = parts.tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let last = vocabulary.remove("word39").unwrap();
    vocabulary.insert(space.to_owned(), last);
    parts.tokenizer["added_tokens"] = overlapping(space);
    let bert = parts.open(Precision::Bytes);
    assert_eq!(bert.encode(&["the bird"]).unwrap().len(), 1);
    let error = bert.encode(&["the bird", "a  bird"]).unwrap_err();
    assert!(matches!(error, EncodeError::Tokens { index: 1, .. }), "{error:?}");
    assert_eq!((bert.count_tokens("a  bird"), bert.count_tokens("the bird")), (0, 3));
}

#[test]
fn weights_that_lead_out_of_range_are_told() {
    for precision in [Precision::Exact, Precision::Bytes] {
        let mut parts = small();
        for weight in parts.values("encoder.layer.0.intermediate.dense.weight") {
            *weight *= 3e38;
        }
        let error = parts.open(precision).encode(&["", "the bird"]).unwrap_err();
        assert!(matches!(error, EncodeError::NoDirection { index: 0 }), "{error:?}");
    }
}

#[test]
fn a_text_beyond_the_vocabulary_is_told() {
    let mut parts = small();
    parts.tokenizer["model"]["unk_token"] = json!("[NONE]");
    let bert = parts.open(Precision::Bytes);
    let error = bert.encode(&["the bird", "a cat"]).unwrap_err();
    assert!(matches!(error, EncodeError::Tokens { index: 1, .. }), "{error:?}");
    assert_eq!(bert.count_tokens("a cat"), 0);
    // And the next call begins anew.
    assert_eq!(bert.encode(&["the bird"]).unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the files say: an encoder or an error.
    #[test]
    fn changed_files_never_panic(
        file in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        // The start of the weights is their description: changes there matter most.
        early in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let folder = small().write();
        let (name, mut bytes) = small().files()[file].clone();
        let reach = if early { bytes.len().min(4_000) } else { bytes.len() };
        for (at, byte) in changes {
            bytes[at.index(reach)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(folder.path().join(name), bytes).unwrap();
        if let Ok(bert) = Bert::open(&folder, Precision::Bytes) {
            drop(bert.encode(&TEXTS));
            bert.count_tokens("a bird\u{301} 鳥 \0 sings");
        }
    }

    /// Numbers and kinds of the tokenizer's file, replaced by others.
    #[test]
    fn changed_vocabularies_never_panic(which in 0..60_usize, to in 0..6_usize) {
        let mut parts = small();
        let mut left = which;
        let to = [json!(null), json!(-1), json!(1_u64 << 33), json!(""), json!([]), json!({})][to].clone();
        replace(&mut parts.tokenizer, &mut left, &to);
        if let Ok(bert) = Bert::open(parts.write(), Precision::Bytes) {
            drop(bert.encode(&TEXTS));
            bert.count_tokens("a bird\u{301} 鳥 \0 sings");
        }
    }
}

/// An encoder whose vocabulary has words of letters only: 31 of them, `aw` to `ew` with endings.
fn wordy() -> Parts {
    let mut parts = small();
    let vocabulary = parts.tokenizer["model"]["vocab"].as_object_mut().unwrap();
    for (letter, number) in ('a'..='z').chain('ä'..='è').zip(9..VOCABULARY) {
        vocabulary.remove(&format!("word{number}")).unwrap();
        vocabulary.insert(format!("{letter}w"), json!(number));
    }
    parts
}

fn lexicon(bert: &Bert, fold: impl Fn(&str) -> String) -> Lexicon {
    let mut making = Making::new(bert);
    assert!(making.clone().finish(str::to_owned).is_none(), "nothing is made");
    while making.progress().0 < making.progress().1 {
        making.step(bert, 7).unwrap();
    }
    making.finish(fold).unwrap()
}

#[test]
fn a_lexicon_knows_the_words_near_one() {
    let bert = wordy().open(Precision::Bytes);
    let lexicon = lexicon(&bert, str::to_owned);
    let words = ["the", "bird", "sing"].map(str::to_owned);
    let words: Vec<String> =
        words.into_iter().chain(('a'..='z').map(|it| format!("{it}w"))).collect();
    assert_eq!(lexicon.len(), 3 + VOCABULARY - 9);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // By the definition: vectors of words, their mean taken away.
    let all: Vec<String> = lexicon.words().map(str::to_owned).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let vectors = bert.encode(&all).unwrap();
    let mean: Vec<f32> = (0..WIDTH)
        .map(|at| vectors.iter().map(|it| it[at]).sum::<f32>() / vectors.len() as f32)
        .collect();
    let centred = |vector: &Vec<f32>| -> Vec<f32> {
        let vector: Vec<f32> = vector.iter().zip(&mean).map(|(it, mean)| it - mean).collect();
        let length = cosine(&vector, &vector).sqrt();
        vector.iter().map(|it| it / length).collect()
    };
    for (word, near) in words.iter().zip(lexicon.near(&bert, &words, 0.2, 5).unwrap()) {
        let asked = centred(&bert.encode(&[word]).unwrap()[0]);
        let mut expected: Vec<(&str, f32)> = all
            .iter()
            .zip(&vectors)
            .map(|(word, vector)| (*word, cosine(&asked, &centred(vector))))
            .collect();
        expected.sort_by(|one, other| other.1.total_cmp(&one.1));
        assert!(near.len() <= 5 && near[0].0 == *word && near[0].1 > 0.99, "{word}: {near:?}");
        for ((found, cosine), (_, expected)) in near.iter().zip(&expected) {
            let of = all.iter().position(|it| it == found).unwrap();
            let own = self::cosine(&asked, &centred(&vectors[of]));
            assert!((cosine - own).abs() < 0.02 && (cosine - expected).abs() < 0.02, "{found}");
        }
        let left_out = expected.iter().skip(near.len()).take(5 - near.len());
        assert!(left_out.map(|it| it.1).all(|it| it < 0.22), "{word}: {expected:?}");
    }
}

#[test]
fn forms_of_a_word_are_one_in_a_lexicon() {
    let bert = wordy().open(Precision::Bytes);
    let lexicon = lexicon(&bert, |word| match word {
        "aw" | "bw" => "ab".to_owned(),
        word => word.to_owned(),
    });
    let near = lexicon.near(&bert, &["aw", "bw", "cw"], 0.3, 100).unwrap();
    for near in &near[..2] {
        assert!(near.iter().any(|it| it.0 == "ab"), "{near:?}");
        assert!(near.iter().all(|it| it.0 != "aw" && it.0 != "bw"), "{near:?}");
    }
    assert_eq!(near[2][0].0, "cw");
}

#[test]
fn what_is_made_of_a_lexicon_can_be_kept() {
    let bert = wordy().open(Precision::Bytes);
    let mut making = Making::new(&bert);
    making.step(&bert, 5).unwrap();
    let bytes = making.to_bytes();
    let mut resumed = Making::resume(&bert, &bytes).unwrap();
    assert_eq!(resumed.progress(), (5, 34));
    for making in [&mut making, &mut resumed] {
        making.step(&bert, 100).unwrap();
    }
    assert_eq!(making.to_bytes(), resumed.to_bytes());
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        assert!(Making::resume(&bert, &bytes).is_none(), "byte {at}");
    }
    for end in 0..bytes.len() {
        assert!(Making::resume(&bert, &bytes[..end]).is_none(), "{end} bytes");
    }
    let other = wordy().open(Precision::Exact);
    assert!(Making::resume(&other, &bytes).is_none(), "of another encoder");
}

/// Replaces the value before which `left` others stand.
fn replace(value: &mut Value, left: &mut usize, to: &Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|it| replace(it, left, to)),
        Value::Array(items) => items.iter_mut().for_each(|it| replace(it, left, to)),
        _ => {
            if *left == 0 {
                *value = to.clone();
            }
            *left = left.wrapping_sub(1);
        }
    }
}

/// all-MiniLM-L6-v2, whose vectors are widely known.
#[test]
fn a_published_encoder_gives_its_published_vectors() {
    let Some(folder) = std::env::var_os("VOYAGER_TEST_ENCODER") else {
        eprintln!("skipped: VOYAGER_TEST_ENCODER names no folder with all-MiniLM-L6-v2");
        return;
    };
    let text = ["This is an example sentence"];
    let exact = Bert::open(Path::new(&folder), Precision::Exact).unwrap();
    let vector = exact.encode(&text).unwrap().remove(0);
    for (found, expected) in vector.iter().zip([0.06766, 0.06350, 0.04871, 0.07930]) {
        assert!((found - expected).abs() < 1e-5, "{:?}", &vector[..4]);
    }
    assert_eq!((vector.len(), exact.tokens_max(), exact.count_tokens(text[0])), (384, 256, 5));
    let bytes = Bert::open(Path::new(&folder), Precision::Bytes).unwrap();
    let cosine = cosine(&vector, &bytes.encode(&text).unwrap()[0]);
    assert!(cosine > 0.995, "{cosine}");
}
