//! Tells what a machine drew at random from what a person wrote: Shannon entropy, and how English a
//! run of letters looks by its pairs of letters.
//!
//! A dictionary would be larger and know no identifiers; pair frequencies also recognise `authconfig`.

/// How frequent a pair of letters is in the words of English technical prose and identifiers: row =
/// first letter, column = second, digit = log2 of frequency over chance, plus 6, cut to 0..=9.
const PAIRS: [&[u8; 26]; 26] = [
    b"47883573715988272989655563",
    b"74546321652732640654711150",
    b"84648438607754952768643140",
    b"75569534823654651665645240",
    b"86897764624889576998575862",
    b"63456732801634730655613130",
    b"53438345601546541665532030",
    b"73447322602443730545423031",
    b"76877672414879862688261506",
    b"30005000201000400040301000",
    b"42337332600433330354313010",
    b"84569542814844860467643160",
    b"86458432703564772465623140",
    b"84888784725556752589663142",
    b"56774663526779670977767421",
    b"84558435703744761867643250",
    b"10111100000211100120600000",
    b"85769563805676851788654161",
    b"64749447815655773589744365",
    b"95759637914665861877744382",
    b"66646641600778460777210300",
    b"72328221700242430233101100",
    b"63335314601335530553111101",
    b"43536412400332360247211330",
    b"44434322402555470355233011",
    b"40227201400110320121110022",
];

/// Shannon entropy in bits a byte.
#[must_use]
pub(crate) fn entropy(bytes: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f32;
    counts.iter().filter(|n| **n > 0).map(|n| *n as f32 / total).map(|p| -p * p.log2()).sum()
}

/// How much the pairs of letters look like English: 4 is chance, words are above 5.5. None without
/// three pairs.
#[must_use]
pub(crate) fn english(bytes: &[u8]) -> Option<f32> {
    let index = |b: u8| usize::from(b.to_ascii_lowercase() - b'a');
    let (sum, pairs) = bytes
        .windows(2)
        .filter(|pair| pair.iter().all(u8::is_ascii_alphabetic))
        .map(|pair| u32::from(PAIRS[index(pair[0])][index(pair[1])] - b'0'))
        .fold((0, 0), |(sum, pairs), score| (sum + score, pairs + 1));
    (pairs >= 3).then(|| sum as f32 / pairs as f32)
}

/// What kinds of characters a value holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Makeup {
    /// Small letters.
    pub(crate) lower: usize,
    /// Capital letters.
    pub(crate) upper: usize,
    /// Digits.
    pub(crate) digits: usize,
    /// Everything else.
    pub(crate) other: usize,
    /// Changes between digits and letters.
    pub(crate) switches: usize,
}

impl Makeup {
    /// Of these bytes.
    #[must_use]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut makeup = Self::default();
        let mut digit_before = None;
        for byte in bytes {
            match byte {
                b'a'..=b'z' => makeup.lower += 1,
                b'A'..=b'Z' => makeup.upper += 1,
                b'0'..=b'9' => makeup.digits += 1,
                _ => makeup.other += 1,
            }
            let digit = byte.is_ascii_alphanumeric().then(|| byte.is_ascii_digit());
            if digit.is_some() && digit_before.is_some() && digit != digit_before {
                makeup.switches += 1;
            }
            digit_before = digit.or(digit_before);
        }
        makeup
    }

    /// Letters of both cases.
    #[must_use]
    pub(crate) const fn letters(self) -> usize {
        self.lower + self.upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_zero_for_repeats_and_four_for_sixteen_equal_letters() {
        assert!(entropy(b"aaaaaaaa") < 0.001);
        assert!((entropy(b"0123456789abcdef") - 4.0).abs() < 0.001);
    }

    #[test]
    fn words_look_english_and_noise_does_not() {
        for words in [
            "authentication_provider",
            "clientConnectionString",
            "my-secret-value",
            "RequestHeaderParser",
        ] {
            assert!(
                english(words.as_bytes()).unwrap() > 5.5,
                "{words} {:?}",
                english(words.as_bytes())
            );
        }
        for noise in ["xKqWzJvTbGhRpLmQ", "q8Zk2Vx7Lw0Bn4Td6Rf1", "hQxZkTvWpLdGjRbY"] {
            assert!(english(noise.as_bytes()).is_none_or(|score| score < 5.0), "{noise}");
        }
    }
}
