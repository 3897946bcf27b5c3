//! The known name that an unknown one was probably meant to be.

/// The nearest of `known`, where one is near enough to be a slip of the pen. Of two equally near ones
/// the first.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time with the product of both lengths: what is far longer than any name isn't
    // a misspelt one.
    const LENGTH_MAX: usize = 64;
    // Of one letter everything is near.
    if name.len() > LENGTH_MAX || name.chars().count() < 2 {
        return None;
    }
    let lower = name.to_lowercase().replace('_', "-");
    let allowed = (lower.len() / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|known| known.len() <= LENGTH_MAX)
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let known = ["steps", "inputs", "exit-code"];
        assert_eq!(nearest("step", known), Some("steps"));
        assert_eq!(nearest("exit_code", known), Some("exit-code"));
        assert_eq!(nearest("Inptus", known), Some("inputs"));
        assert_eq!(nearest("grants", known), None);
        assert_eq!(nearest("b", ["a"]), None);
        assert_eq!(nearest(&"s".repeat(1000), known), None);
    }
}
