//! Rows of signs times the steps of a question.
//!
//! Steps are whole numbers of a sign and two bits, kept as three planes of bits. Then a product with signs is a count:
//!
//! ```text
//! others                   = signs ^ plane of the steps' signs: where the two differ
//! sum of steps there       = count(others & plane 0) + 2 count(others & plane 1)
//! sum of steps times signs = sum of all steps without their signs - 2 (that sum)
//! ```

use super::{
    level::Level,
    sketch::{NONE, ONE, TAIL, Turned},
};

/// Planes of bits that hold the steps: their signs, set for plus, and how long they are, the lowest bit first. One more
/// would make the error of an estimate a twentieth less, and the scan of what lies near a third slower.
const PLANES: usize = 3;

/// What a step is worth, in standard deviations of the numbers: it makes the least error for numbers that are
/// spread as a normal distribution is, as they are when rotated.
const STEP: f32 = 0.65;

/// Bytes of a row that are worked on together.
pub(super) const LINE: usize = 64;

/// So many bytes ahead are asked for: as many rows of 384 dimensions are worked on while memory far away answers. The
/// machine itself stops asking where a page of memory ends, which is every 64 rows.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 4096;

/// Asks for what lies ahead of `bytes`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask_ahead(bytes: &[u8; LINE]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let ahead = bytes.as_ptr().wrapping_add(AHEAD);
    // SAFETY: asking is a hint that reads nothing and may name any address, also one behind the rows.
    #[allow(unsafe_code, reason = "a hint to the memory")]
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
    }
}

/// The planes of bits that meet the bytes of a line; zero where a row holds no signs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Line<const PLANES: usize>(pub(super) [[u8; LINE]; PLANES]);

/// The steps of a question, in so many planes: their signs, and the bits of their lengths.
#[derive(Clone, Debug)]
pub(super) struct Steps<const PLANES: usize> {
    pub(super) lines: Vec<Line<PLANES>>,
    /// Sum of all, without their signs.
    pub(super) total: i64,
    /// What one is worth, in parts of 256 `ONE`, times the number of signs' root.
    worth: i64,
}

/// The steps that are scanned with.
pub(super) type Coarse = Steps<PLANES>;

impl Coarse {
    pub(super) fn of(question: &Turned, row_bytes: usize) -> Self {
        Self::rounded(question, row_bytes, STEP)
    }
}

impl<const PLANES: usize> Steps<PLANES> {
    /// Those of a question, for rows of so many bytes, where a step is worth `step` standard deviations.
    pub(super) fn rounded(question: &Turned, row_bytes: usize, step: f32) -> Self {
        let longest = ((1 << (PLANES - 1)) - 1) as f32;
        let Turned { numbers, length } = question;
        let count = (numbers.len() as f64).sqrt();
        let mut lines = vec![Line([[0; LINE]; PLANES]); row_bytes.div_ceil(LINE)];
        let inverse = (count / length) as f32 / step;
        let (mut total, mut along) = (0, 0.0_f64);
        for (at, number) in numbers.iter().enumerate() {
            let step = (number * inverse).round().clamp(-longest, longest);
            // A question without a direction is as far from all.
            let step = if step.is_nan() { 0 } else { step as i8 };
            let bits = step.unsigned_abs() << 1 | u8::from(step >= 0);
            for (plane, bytes) in lines[at / 8 / LINE].0.iter_mut().enumerate() {
                bytes[at / 8 % LINE] |= (bits >> plane & 1) << (at % 8);
            }
            total += i64::from(step.unsigned_abs());
            along += f64::from(step) * f64::from(*number);
        }
        // Steps are longer than what they stand for, by as much as they are along it.
        let worth = if along > 0.0 { length / along / count } else { 0.0 };
        let worth = (worth * f64::from(ONE) * 256.0).round() as i64;
        Self { lines, total, worth }
    }

    /// The estimate of a row: from the product of the steps with what it holds, and its last number.
    #[inline(always)]
    pub(super) fn finish(&self, product: i64, inverse: i32) -> i32 {
        if inverse <= 0 {
            return NONE;
        }
        let product = product * i64::from(inverse);
        // What a row that was written holds, fits 32 bits; from another, all levels cut the same ones off.
        let estimate = (i64::from((product >> 8) as i32) * self.worth) >> 16;
        estimate.clamp(-2 * i64::from(ONE), 2 * i64::from(ONE)) as i32
    }
}

/// The estimate of a row of signs: from the sum of the steps whose sign is another one there, and its last number.
#[inline(always)]
fn finish(steps: &Coarse, sum: i64, inverse: i32) -> i32 {
    steps.finish(steps.total - 2 * sum, inverse)
}

#[inline(always)]
pub(super) fn inverse(row: &[u8]) -> i32 {
    row.last_chunk::<TAIL>().map_or(0, |it| i32::from_le_bytes(*it))
}

/// Estimates for the rows, into `out`.
pub(super) fn estimate(
    level: Level,
    steps: &Coarse,
    row_bytes: usize,
    rows: &[u8],
    out: &mut [i32],
) {
    #[cfg(target_arch = "x86_64")]
    {
        if level.has_avx512() {
            // SAFETY: a level says so only on a machine that was found to have the features.
            #[allow(unsafe_code, reason = "instructions that were found on this machine")]
            return unsafe { avx512::estimate(steps, row_bytes, rows, out) };
        }
        if level.has_avx2() {
            // SAFETY: as above.
            #[allow(unsafe_code, reason = "instructions that were found on this machine")]
            return unsafe { avx2::estimate(steps, row_bytes, rows, out) };
        }
    }
    let _ = level;
    portable::estimate(steps, row_bytes, rows, out);
}

mod portable {
    use super::{Coarse, LINE, finish, inverse};

    pub(super) fn estimate(steps: &Coarse, row_bytes: usize, rows: &[u8], out: &mut [i32]) {
        for (row, out) in rows.chunks_exact(row_bytes).zip(out) {
            *out = finish(steps, sum(steps, row), inverse(row));
        }
    }

    /// A row is whole words.
    fn sum(steps: &Coarse, row: &[u8]) -> i64 {
        let mut sum = 0;
        for (line, row) in steps.lines.iter().zip(row.chunks(LINE)) {
            let [signs, ones, twos] = line.0.each_ref().map(|it| it.as_chunks::<8>().0);
            for (at, word) in row.as_chunks::<8>().0.iter().enumerate() {
                let others = u64::from_le_bytes(*word) ^ u64::from_le_bytes(signs[at]);
                let count = |plane: &[[u8; 8]]| {
                    i64::from((others & u64::from_le_bytes(plane[at])).count_ones())
                };
                sum += count(ones) + 2 * count(twos);
            }
        }
        sum
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{Coarse, LINE, Line, PLANES, ask_ahead, finish, inverse};

    /// Rows whose sums fill a register.
    const ROWS: usize = 4;

    #[target_feature(enable = "avx2")]
    pub(super) fn estimate(steps: &Coarse, row_bytes: usize, rows: &[u8], out: &mut [i32]) {
        let mut fours = rows.chunks_exact(ROWS * row_bytes);
        let mut outs = out.chunks_exact_mut(ROWS);
        for (rows, out) in fours.by_ref().zip(outs.by_ref()) {
            let sums = sums([
                sum(steps, &rows[..row_bytes]),
                sum(steps, &rows[row_bytes..2 * row_bytes]),
                sum(steps, &rows[2 * row_bytes..3 * row_bytes]),
                sum(steps, &rows[3 * row_bytes..]),
            ]);
            for ((row, sum), out) in rows.chunks_exact(row_bytes).zip(sums).zip(out) {
                *out = finish(steps, sum, inverse(row));
            }
        }
        let rest = fours.remainder().chunks_exact(row_bytes);
        for (row, out) in rest.zip(outs.into_remainder()) {
            let [sum, ..] = sums([sum(steps, row); ROWS]);
            *out = finish(steps, sum, inverse(row));
        }
    }

    /// Four parts of the sum of a row.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sum(steps: &Coarse, row: &[u8]) -> __m256i {
        let mut sum = _mm256_setzero_si256();
        let (whole, rest) = row.as_chunks::<LINE>();
        for (bytes, line) in whole.iter().zip(&steps.lines) {
            ask_ahead(bytes);
            sum = _mm256_add_epi64(sum, sum_line(bytes, line));
        }
        if !rest.is_empty() {
            let mut bytes = [0; LINE];
            bytes[..rest.len()].copy_from_slice(rest);
            sum = _mm256_add_epi64(sum, sum_line(&bytes, &steps.lines[whole.len()]));
        }
        sum
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn sum_line(bytes: &[u8; LINE], line: &Line<PLANES>) -> __m256i {
        let low = _mm256_set1_epi8(0x0f);
        // Counts of the bits of four, times what the plane is worth.
        let counts = |ones: [i8; 16]| {
            // SAFETY: the table is 16 bytes, which may lie anywhere.
            #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
            _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(ones.as_ptr().cast()) })
        };
        let tables = [
            counts([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]),
            counts([0, 2, 2, 4, 2, 4, 4, 6, 2, 4, 4, 6, 4, 6, 6, 8]),
        ];
        let [signs, planes @ ..] = &line.0;
        let mut sum = _mm256_setzero_si256();
        for half in 0..2 {
            let half_of = |it: &[u8; LINE]| load(&it.as_chunks::<32>().0[half]);
            let bytes = _mm256_xor_si256(half_of(bytes), half_of(signs));
            let lower = _mm256_and_si256(bytes, low);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low);
            for (plane, table) in planes.iter().zip(tables) {
                let plane = half_of(plane);
                let shifted = _mm256_srli_epi16::<4>(plane);
                let lower = _mm256_shuffle_epi8(table, _mm256_and_si256(lower, plane));
                let upper = _mm256_shuffle_epi8(table, _mm256_and_si256(upper, shifted));
                // At most 48: two bytes of at most 24.
                sum = _mm256_add_epi8(sum, _mm256_add_epi8(lower, upper));
            }
        }
        _mm256_sad_epu8(sum, _mm256_setzero_si256())
    }

    /// The sums of the parts of each.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums(parts: [__m256i; ROWS]) -> [i64; ROWS] {
        let [a, b, c, d] = parts;
        let ab = _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
        let cd = _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
        let first = _mm256_permute2x128_si256::<0x20>(ab, cd);
        let second = _mm256_permute2x128_si256::<0x31>(ab, cd);
        let mut sums = [0; ROWS];
        // SAFETY: the sums are 32 bytes, which may lie anywhere.
        #[allow(unsafe_code, reason = "a store to a place that is known to be there")]
        unsafe {
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi64(first, second));
        }
        sums
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: the bytes are 32, which may lie anywhere.
        #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
        unsafe {
            _mm256_loadu_si256(bytes.as_ptr().cast())
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{Coarse, LINE, Line, NONE, ONE, PLANES, ask_ahead, finish, inverse};

    /// Rows whose sums fill a register.
    const ROWS: usize = 8;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    pub(super) fn estimate(steps: &Coarse, row_bytes: usize, rows: &[u8], out: &mut [i32]) {
        let (rows, out) = match steps.lines.as_slice() {
            [line] if row_bytes == LINE => estimate_lines(steps, line, rows, out),
            _ => (rows, out),
        };
        let mut eights = rows.chunks_exact(ROWS * row_bytes);
        let (outs, out_rest) = out.as_chunks_mut::<ROWS>();
        for (rows, out) in eights.by_ref().zip(outs) {
            let mut sums = [_mm512_setzero_si512(); ROWS];
            let mut inverses = [0; ROWS];
            for (at, row) in rows.chunks_exact(row_bytes).enumerate() {
                sums[at] = sum(steps, row);
                inverses[at] = inverse(row);
            }
            finish_all(steps, add(sums), inverses, out);
        }
        let rest = eights.remainder().chunks_exact(row_bytes);
        for (row, out) in rest.zip(out_rest) {
            *out = finish(steps, _mm512_reduce_add_epi64(sum(steps, row)), inverse(row));
        }
    }

    /// The same for rows of one line each, which need no memory but their own. Gives back those that are left.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn estimate_lines<'a>(
        steps: &Coarse,
        line: &Line<PLANES>,
        rows: &'a [u8],
        out: &'a mut [i32],
    ) -> (&'a [u8], &'a mut [i32]) {
        let (rows, _) = rows.as_chunks::<LINE>();
        let (eights, rest) = rows.as_chunks::<ROWS>();
        let (outs, out_rest) = out.as_chunks_mut::<ROWS>();
        let planes = planes(line);
        for (rows, out) in eights.iter().zip(outs) {
            let mut sums = [_mm512_setzero_si512(); ROWS];
            let mut inverses = [0; ROWS];
            for (at, row) in rows.iter().enumerate() {
                ask_ahead(row);
                sums[at] = sum_planes(load(row), planes);
                inverses[at] = inverse(row);
            }
            finish_all(steps, add(sums), inverses, out);
        }
        (rest.as_flattened(), out_rest)
    }

    /// Eight parts of the sum of a row.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn sum(steps: &Coarse, row: &[u8]) -> __m512i {
        let (whole, rest) = row.as_chunks::<LINE>();
        let mut sum = _mm512_setzero_si512();
        for (bytes, line) in whole.iter().zip(&steps.lines) {
            ask_ahead(bytes);
            sum = _mm512_add_epi64(sum, sum_line(load(bytes), line));
        }
        if !rest.is_empty() {
            let there = (1 << rest.len()) - 1;
            // SAFETY: what is read is as long as the rest, which may lie anywhere.
            #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
            let bytes = unsafe { _mm512_maskz_loadu_epi8(there, rest.as_ptr().cast()) };
            sum = _mm512_add_epi64(sum, sum_line(bytes, &steps.lines[whole.len()]));
        }
        sum
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn sum_line(bytes: __m512i, line: &Line<PLANES>) -> __m512i {
        sum_planes(bytes, planes(line))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn planes(line: &Line<PLANES>) -> [__m512i; PLANES] {
        let [signs, ones, twos] = &line.0;
        [load(signs), load(ones), load(twos)]
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn sum_planes(bytes: __m512i, planes: [__m512i; PLANES]) -> __m512i {
        let [signs, ones, twos] = planes;
        // (signs ^ bytes) & plane, as one instruction.
        let count =
            |plane| _mm512_popcnt_epi64(_mm512_ternarylogic_epi64::<0x60>(plane, signs, bytes));
        let twos = count(twos);
        _mm512_add_epi64(_mm512_add_epi64(twos, twos), count(ones))
    }

    /// The sums of the parts of each, in their order.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn add(parts: [__m512i; ROWS]) -> __m512i {
        let [a, b, c, d, e, f, g, h] = parts;
        let pair =
            |a, b| _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        let halves = |a, b| {
            let first = _mm512_shuffle_i64x2::<0x88>(a, b);
            _mm512_add_epi64(first, _mm512_shuffle_i64x2::<0xdd>(a, b))
        };
        halves(halves(pair(a, b), pair(c, d)), halves(pair(e, f), pair(g, h)))
    }

    /// `finish` for eight rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn finish_all(steps: &Coarse, sums: __m512i, inverses: [i32; ROWS], out: &mut [i32; ROWS]) {
        let limit = 2 * i64::from(ONE);
        // SAFETY: the numbers are 32 bytes, which may lie anywhere.
        #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
        let inverses = unsafe { _mm256_loadu_si256(inverses.as_ptr().cast()) };
        let product =
            _mm512_sub_epi64(_mm512_set1_epi64(steps.total), _mm512_add_epi64(sums, sums));
        let product = _mm512_mul_epi32(product, _mm512_cvtepi32_epi64(inverses));
        let product = _mm512_srai_epi64::<8>(product);
        let estimate = _mm512_mul_epi32(product, _mm512_set1_epi64(steps.worth));
        let estimate = _mm512_srai_epi64::<16>(estimate);
        let estimate = _mm512_max_epi64(estimate, _mm512_set1_epi64(-limit));
        let estimate = _mm512_min_epi64(estimate, _mm512_set1_epi64(limit));
        let there = _mm256_cmpgt_epi32_mask(inverses, _mm256_setzero_si256());
        let none = _mm256_set1_epi32(NONE);
        let estimate = _mm256_mask_mov_epi32(none, there, _mm512_cvtepi64_epi32(estimate));
        // SAFETY: the estimates are 32 bytes, which may lie anywhere.
        #[allow(unsafe_code, reason = "a store to a place that is known to be there")]
        unsafe {
            _mm256_storeu_si256(out.as_mut_ptr().cast(), estimate);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2")]
    #[inline]
    fn load(bytes: &[u8; LINE]) -> __m512i {
        // SAFETY: the bytes are 64, which may lie anywhere.
        #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
        unsafe {
            _mm512_loadu_si512(bytes.as_ptr().cast())
        }
    }
}
