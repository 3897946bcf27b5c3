//! Vectors from the spelling of a text: no file, no meaning.
//!
//! Every word, and every run of three to five letters in it, adds to one of the vector's numbers, which a
//! hash chooses with its sign (the hashing trick). So "walked" is near "walking" and far from "went". A
//! feature that occurs four times counts twice, and long texts weigh no more than short ones.

use std::ops::RangeInclusive;

/// Numbers in a vector.
const DIMENSIONS: usize = 384;

/// Runs of letters that count as features of a word, its two ends among the letters.
const LETTERS: RangeInclusive<usize> = 3..=5;

/// What a whole word counts, where a run of letters counts 1.
const WORD_WEIGHT: f32 = 3.0;

/// Longest word that counts, in bytes: what is longer is no word of a language (a key, an encoded blob).
const WORD_BYTES_MAX: usize = 64;

/// An encoder that is always there, and knows words by their letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hashed;

impl Hashed {
    /// The encoder.
    pub fn new() -> Self {
        Self
    }

    /// The name of the method: another method has another id.
    pub fn id(&self) -> &str {
        "hashed-1"
    }

    /// Numbers in a vector.
    pub fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    /// A vector for each text: of length 1, or zero where the text has neither letter nor digit.
    pub fn encode(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        texts.iter().map(|text| encode(text)).collect()
    }
}

fn encode(text: &str) -> Vec<f32> {
    let mut features = features(text);
    // In this order, so that sums are rounded the same way everywhere.
    features.sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then(a.weight.total_cmp(&b.weight)));
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for same in features.chunk_by(|a, b| a.hash == b.hash) {
        // The root, not the logarithm: every machine rounds it the same way.
        let weight = same[0].weight * (same.len() as f32).sqrt();
        let place = (same[0].hash >> 32) as usize % DIMENSIONS;
        vector[place] += if same[0].hash & 1 == 1 { weight } else { -weight };
    }
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

struct Feature {
    hash: u64,
    weight: f32,
}

fn features(text: &str) -> Vec<Feature> {
    let mut found = Vec::new();
    let words = text.split(|it: char| !it.is_alphanumeric());
    for word in words.filter(|it| !it.is_empty() && it.len() <= WORD_BYTES_MAX) {
        let word = format!("<{}>", word.to_lowercase());
        found.push(Feature { hash: hash(&word), weight: WORD_WEIGHT });
        let ends: Vec<usize> =
            word.char_indices().map(|(at, _)| at).chain(std::iter::once(word.len())).collect();
        for length in LETTERS {
            for run in ends.windows(length + 1) {
                let letters = &word[run[0]..run[length]];
                // The whole word is a feature already.
                if letters.len() < word.len() {
                    found.push(Feature { hash: hash(letters), weight: 1.0 });
                }
            }
        }
    }
    found
}

/// FNV-1a, then mixed as at the end of MurmurHash3: fixed for ever, and quick for a few bytes.
fn hash(letters: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in letters.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let vectors = Hashed::new().encode(&[a, b]);
        vectors[0].iter().zip(&vectors[1]).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn near_spellings_have_near_vectors() {
        let near = cosine("She walked to the library", "walking to a library");
        let far = cosine("She walked to the library", "Budget of the third quarter");
        assert!(near > far + 0.2, "{near} {far}");
    }

    #[test]
    fn vectors_are_of_length_one() {
        for text in ["a", "Grüße aus 京都!", &"word ".repeat(5_000)] {
            assert!((cosine(text, text) - 1.0).abs() < 1e-5, "{text}");
        }
    }

    #[test]
    fn a_text_without_words_is_zero() {
        for text in ["", " ?!, ", &"x".repeat(65)] {
            assert_eq!(encode(text), vec![0.0; DIMENSIONS], "{text}");
        }
    }

    /// Bits, of a text with letters beyond ASCII and a word that occurs twice. Whoever changes the method
    /// and sees this change changes the id too.
    #[test]
    fn vectors_of_this_id_are_these() {
        let mut hash = blake3::Hasher::new();
        for value in encode("Zoë's flight to 東京 leaves at 9:40; Zoë packs today.") {
            hash.update(&value.to_bits().to_le_bytes());
        }
        let id = Hashed::new().id().to_owned();
        assert_eq!(
            (id.as_str(), &hash.finalize().to_hex()[..16]),
            ("hashed-1", "d0ddb19fcfb88171")
        );
    }
}
