//! The files of an encoder: read once, checked against each other.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, de::DeserializeOwned};

use super::{METHOD, OpenError, Precision, layers::Pooling, tokens::Tokens};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const POOLING: &str = "1_Pooling/config.json";
const SENTENCES: &str = "sentence_bert_config.json";
const MODULES: &str = "modules.json";

/// The largest published encoders of the family have 1.4 GB: what is larger is another file.
const WEIGHTS_BYTES_MAX: u64 = 2 << 30;

/// A vocabulary of all languages has 17 MB as JSON.
const JSON_BYTES_MAX: u64 = 64 << 20;

/// Numbers in a row at most, so that no sum of products of bytes overflows (255 * 127 * 65 536 < 2^31).
const WIDTH_MAX: usize = 65_536;

/// What was read.
pub(super) struct Folder {
    path: PathBuf,
    pub(super) config: Config,
    pub(super) pooling: Pooling,
    tokens_max: usize,
    tokenizer: Vec<u8>,
    weights: Vec<u8>,
}

/// `config.json`, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    model_type: Option<String>,
    hidden_act: String,
    position_embedding_type: Option<String>,
    pub(super) hidden_size: usize,
    pub(super) intermediate_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) max_position_embeddings: usize,
    pub(super) type_vocab_size: usize,
    pub(super) vocab_size: usize,
    pub(super) layer_norm_eps: f32,
}

#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// A part of `modules.json`, which lists what a text goes through.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

impl Folder {
    pub(super) fn read(path: &Path) -> Result<Self, OpenError> {
        let config: Config = parse(path, CONFIG, &read(path, CONFIG, JSON_BYTES_MAX)?)?;
        check(path, &config)?;
        if let Some(bytes) = read_if_there(path, MODULES)? {
            check_modules(path, &parse::<Vec<Module>>(path, MODULES, &bytes)?)?;
        }
        let pooling = match read_if_there(path, POOLING)? {
            Some(bytes) => pooling(path, &parse(path, POOLING, &bytes)?)?,
            None => Pooling::Mean,
        };
        let longest = match read_if_there(path, SENTENCES)? {
            Some(bytes) => parse::<SentenceConfig>(path, SENTENCES, &bytes)?.max_seq_length,
            None => None,
        };
        if longest == Some(0) {
            return Err(malformed(
                path,
                SENTENCES,
                "max_seq_length is 0, not 1 or more".to_owned(),
            ));
        }
        let positions = config.max_position_embeddings;
        Ok(Self {
            path: path.to_owned(),
            config,
            pooling,
            tokens_max: longest.unwrap_or(positions).min(positions),
            tokenizer: read(path, TOKENIZER, JSON_BYTES_MAX)?,
            weights: read(path, WEIGHTS, WEIGHTS_BYTES_MAX)?,
        })
    }

    /// A name of everything that a vector depends on.
    pub(super) fn id(&self, precision: Precision) -> Result<String, OpenError> {
        let mut hash = blake3::Hasher::new();
        for part in [&self.weights, &self.tokenizer] {
            hash.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let Config { num_attention_heads, num_hidden_layers, layer_norm_eps, .. } = self.config;
        let rest = (num_attention_heads, layer_norm_eps, self.pooling, self.tokens_max);
        hash.update(format!("{rest:?}").as_bytes());
        // Of a file with no more layers the weights say how many there are.
        if self.tensors()?.have_layer(num_hidden_layers) {
            hash.update(format!("{num_hidden_layers} layers").as_bytes());
        }
        let numbers = match precision {
            Precision::Bytes => "bytes",
            Precision::Exact => "exact",
        };
        Ok(format!("bert-{METHOD}-{numbers}-{}", &hash.finalize().to_hex()[..32]))
    }

    pub(super) fn tokens(&self) -> Result<Tokens, OpenError> {
        Tokens::of(&self.tokenizer, self.config.vocab_size, self.tokens_max)
            .map_err(|problem| malformed(&self.path, TOKENIZER, problem))
    }

    pub(super) fn tensors(&self) -> Result<Tensors<'_>, OpenError> {
        let tensors = SafeTensors::deserialize(&self.weights).map_err(|it| {
            malformed(&self.path, WEIGHTS, format!("not a safetensors file: {it}"))
        })?;
        Ok(Tensors { path: &self.path, tensors })
    }
}

/// `model.safetensors`.
pub(super) struct Tensors<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl Tensors<'_> {
    /// Whether there is something of the layer of this number.
    fn have_layer(&self, number: usize) -> bool {
        let layer = format!("encoder.layer.{number}.");
        let own = |name: &str| name.strip_prefix("bert.").unwrap_or(name).starts_with(&layer);
        self.tensors.names().into_iter().any(own)
    }

    /// The numbers of the tensor of this name and shape. Some files put `bert.` before every name.
    pub(super) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError> {
        let problem = |problem: String| malformed(self.path, WEIGHTS, problem);
        let tensor = self
            .tensors
            .tensor(name)
            .or_else(|_| self.tensors.tensor(&format!("bert.{name}")))
            .map_err(|_| problem(format!("tensor `{name}` is missing")))?;
        if tensor.shape() != shape {
            let found = tensor.shape();
            return Err(problem(format!(
                "tensor `{name}` is {found:?}, but {CONFIG} makes it {shape:?}"
            )));
        }
        let values = numbers(&tensor).ok_or_else(|| OpenError::Unsupported {
            file: self.path.join(WEIGHTS),
            problem: format!(
                "tensor `{name}` holds {:?}; F32, F16 and BF16 are read",
                tensor.dtype()
            ),
        })?;
        match values.iter().position(|it| !it.is_finite()) {
            Some(at) => Err(problem(format!("value {at} of tensor `{name}` is not finite"))),
            None => Ok(values),
        }
    }
}

fn numbers(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let pairs = || tensor.data().as_chunks::<2>().0.iter().map(|it| u16::from_le_bytes(*it));
    match tensor.dtype() {
        Dtype::F32 => Some(
            tensor.data().as_chunks::<4>().0.iter().map(|it| f32::from_le_bytes(*it)).collect(),
        ),
        Dtype::BF16 => Some(pairs().map(|it| f32::from_bits(u32::from(it) << 16)).collect()),
        Dtype::F16 => Some(pairs().map(half).collect()),
        _ => None,
    }
}

/// The number whose half-precision form this is.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1_023));
    match exponent {
        0 => sign * fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1_024.0) * 2.0_f32.powi(exponent - 15),
    }
}

fn check(path: &Path, config: &Config) -> Result<(), OpenError> {
    let unsupported = |problem| Err(OpenError::Unsupported { file: path.join(CONFIG), problem });
    if let Some(kind) = config.model_type.as_deref().filter(|it| *it != "bert") {
        return unsupported(format!("model_type is {kind:?}; only \"bert\" is known"));
    }
    if config.hidden_act != "gelu" {
        return unsupported(format!(
            "hidden_act is {:?}; only \"gelu\" is known",
            config.hidden_act
        ));
    }
    if let Some(kind) = config.position_embedding_type.as_deref().filter(|it| *it != "absolute") {
        return unsupported(format!(
            "position_embedding_type is {kind:?}; only \"absolute\" is known"
        ));
    }
    for (name, value) in [
        ("hidden_size", config.hidden_size),
        ("intermediate_size", config.intermediate_size),
        ("num_hidden_layers", config.num_hidden_layers),
        ("num_attention_heads", config.num_attention_heads),
        ("max_position_embeddings", config.max_position_embeddings),
        ("type_vocab_size", config.type_vocab_size),
        ("vocab_size", config.vocab_size),
    ] {
        let max = if name == "vocab_size" { u32::MAX as usize } else { WIDTH_MAX };
        if value == 0 || value > max {
            return Err(malformed(path, CONFIG, format!("{name} is {value}, not 1 to {max}")));
        }
    }
    if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        let problem = format!(
            "hidden_size {} cannot be divided among {} heads",
            config.hidden_size, config.num_attention_heads
        );
        return Err(malformed(path, CONFIG, problem));
    }
    if !(config.layer_norm_eps >= 0.0 && config.layer_norm_eps.is_finite()) {
        let problem = format!("layer_norm_eps is {}, not 0 or more", config.layer_norm_eps);
        return Err(malformed(path, CONFIG, problem));
    }
    Ok(())
}

fn pooling(path: &Path, config: &PoolingConfig) -> Result<Pooling, OpenError> {
    let others = config.pooling_mode_max_tokens
        || config.pooling_mode_mean_sqrt_len_tokens
        || config.pooling_mode_weightedmean_tokens
        || config.pooling_mode_lasttoken;
    match (config.pooling_mode_mean_tokens, config.pooling_mode_cls_token, others) {
        (true, false, false) => Ok(Pooling::Mean),
        (false, true, false) => Ok(Pooling::First),
        _ => Err(OpenError::Unsupported {
            file: path.join(POOLING),
            problem: "known is one of pooling_mode_mean_tokens and pooling_mode_cls_token alone"
                .to_owned(),
        }),
    }
}

/// Vectors are those of the published encoder only where nothing else is done to them.
fn check_modules(path: &Path, modules: &[Module]) -> Result<(), OpenError> {
    const KNOWN: [&str; 3] = ["Transformer", "Pooling", "Normalize"];
    let name = |it: &Module| it.kind.rsplit('.').next().unwrap_or_default().to_owned();
    match modules.iter().map(name).find(|it| !KNOWN.contains(&it.as_str())) {
        None => Ok(()),
        Some(other) => Err(OpenError::Unsupported {
            file: path.join(MODULES),
            problem: format!("module {other:?} is asked for; known are {}", KNOWN.join(", ")),
        }),
    }
}

fn malformed(folder: &Path, name: &str, problem: String) -> OpenError {
    OpenError::Malformed { file: folder.join(name), problem }
}

fn parse<T: DeserializeOwned>(folder: &Path, name: &str, bytes: &[u8]) -> Result<T, OpenError> {
    serde_json::from_slice(bytes).map_err(|it| malformed(folder, name, it.to_string()))
}

fn read_if_there(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, OpenError> {
    match read(folder, name, JSON_BYTES_MAX) {
        Err(OpenError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

fn read(folder: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, OpenError> {
    let file = folder.join(name);
    let unreadable = |source| OpenError::Unreadable { file: file.clone(), source };
    // Asked before it is opened: to open a pipe is to wait for its other end.
    let about = std::fs::metadata(&file).map_err(unreadable)?;
    if !about.is_file() {
        return Err(unreadable(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        )));
    }
    if about.len() > bytes_max {
        return Err(OpenError::TooLarge { file, bytes: about.len(), bytes_max });
    }
    let mut bytes = Vec::with_capacity(about.len() as usize);
    let opened = File::open(&file).map_err(unreadable)?;
    // It may have grown since.
    opened.take(bytes_max).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision_is_read() {
        let read = [0x3c00, 0xc000, 0x3555, 0x0001, 0x8400, 0x7bff].map(half);
        let expected = [1.0, -2.0, 0.333_251_95, 2.0_f32.powi(-24), -2.0_f32.powi(-14), 65_504.0];
        assert_eq!(read, expected);
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
