//! A small encoder with random weights, as the files of a folder.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

pub(crate) const VOCABULARY: usize = 40;
pub(crate) const WIDTH: usize = 48;
const WIDE: usize = 72;
const LAYERS: usize = 2;
pub(crate) const POSITIONS: usize = 16;

pub(crate) const MEAN: &str = r#"{ "pooling_mode_mean_tokens": true }"#;

/// What the files of a folder are made of.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    pub(crate) config: Value,
    pub(crate) tokenizer: Value,
    pub(crate) pooling: &'static str,
}

/// The encoder of `tests/reference.py`.
pub(crate) fn small() -> Parts {
    let mut random = Random(42);
    let mut tensors = BTreeMap::new();
    let mut tensor = |name: &str, start: f32, scale: f32, shape: &[usize]| {
        let count = shape.iter().product();
        let values = (0..count).map(|_| start + random.uniform() * scale).collect();
        tensors.insert(name.to_owned(), (shape.to_vec(), values));
    };
    tensor("embeddings.word_embeddings.weight", 0.0, 1.0, &[VOCABULARY, WIDTH]);
    tensor("embeddings.position_embeddings.weight", 0.0, 0.5, &[POSITIONS, WIDTH]);
    tensor("embeddings.token_type_embeddings.weight", 0.0, 0.5, &[2, WIDTH]);
    tensor("embeddings.LayerNorm.weight", 1.0, 0.5, &[WIDTH]);
    tensor("embeddings.LayerNorm.bias", 0.0, 0.5, &[WIDTH]);
    for layer in 0..LAYERS {
        for (part, columns, depth) in [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("attention.output.LayerNorm", WIDTH, 0),
            ("intermediate.dense", WIDE, WIDTH),
            ("output.dense", WIDTH, WIDE),
            ("output.LayerNorm", WIDTH, 0),
        ] {
            let name = |value: &str| format!("encoder.layer.{layer}.{part}.{value}");
            match depth {
                0 => tensor(&name("weight"), 1.0, 0.5, &[columns]),
                _ => tensor(&name("weight"), 0.0, 0.25, &[columns, depth]),
            }
            tensor(&name("bias"), 0.0, 0.5, &[columns]);
        }
    }
    Parts { tensors, config: config(), tokenizer: tokenizer(), pooling: MEAN }
}

fn config() -> Value {
    json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH, "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS, "num_attention_heads": 3, "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2, "vocab_size": VOCABULARY, "layer_norm_eps": 1e-6,
    })
}

fn tokenizer() -> Value {
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "the", "bird", "sing", "##s"];
    let filled = words
        .iter()
        .map(|it| (*it).to_owned())
        .chain((9..VOCABULARY).map(|it| format!("word{it}")));
    let vocabulary: BTreeMap<String, usize> = filled.zip(0..).collect();
    let special = |token: &str| json!({ "SpecialToken": { "id": token, "type_id": 0 } });
    json!({
        "version": "1.0",
        // Published files cut and fill up: this is not what an encoder goes by.
        "truncation": { "max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
        "padding": { "strategy": { "Fixed": 9 }, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]" },
        "added_tokens": [{ "id": 2, "special": true, "content": "[CLS]", "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false }],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [special("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, special("[SEP]")],
            "pair": [special("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, special("[SEP]"),
                { "Sequence": { "id": "B", "type_id": 1 } }, special("[SEP]")],
            "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] },
                "[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] } } },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary },
    })
}

/// SplitMix64, as in `tests/reference.py`.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

impl Parts {
    /// Their names, and what is in them.
    pub(crate) fn files(&self) -> [(&'static str, Vec<u8>); 4] {
        let bytes = self.tensors.iter().map(|(name, (shape, values))| {
            let bytes: Vec<u8> = values.iter().flat_map(|it| it.to_le_bytes()).collect();
            (name.as_str(), shape.clone(), bytes)
        });
        let bytes: Vec<_> = bytes.collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
        });
        [
            ("model.safetensors", safetensors::serialize(views, None).unwrap()),
            ("config.json", self.config.to_string().into_bytes()),
            ("tokenizer.json", self.tokenizer.to_string().into_bytes()),
            ("1_Pooling/config.json", self.pooling.as_bytes().to_vec()),
        ]
    }
}
