//! Signs that nothing answers a question: above all that the best records are by somebody else than it asks about.

use voyager_memory::{
    evaluate::Asked,
    features as of_candidates,
    rank::{Ranker, signs, together},
};

/// Names of the signs of a ranker that was learned.
fn features() -> Vec<&'static str> {
    vec![
        "author of the best",
        "author among 3",
        "author among 5",
        "author among 10",
        "best of the author against best of others",
        "first against second",
        "first against tenth",
        "first",
        "ratio of the first",
        "vector of the first",
        "coverage of the first",
        "window coverage of the first",
        "rarest of the first",
        "best vector",
        "authors named",
        "words",
        "best of the author",
        "coverage by the author among 10",
        "coverage by others among 10",
        "window of the author against others",
        "words of the author against others",
        "vector of the author against others",
        "coverage of the author against others",
        "rarest of the author against others",
        "phrases of the author against others",
        "the first speaks of itself",
        "the first speaks to another",
        "the first by another speaks of itself",
        "the first of the author speaks of itself",
        "what the author tells of himself against others",
        "its coverage",
        "its kindred coverage",
    ]
}

/// The signs of a question: by the ranking of a ranker that was learned, and those that recall reads off its own.
pub(crate) fn row(asked: &Asked, ranker: &Ranker, of_recall: &Ranker) -> Vec<f32> {
    let mut row = of_learned(asked, ranker);
    assert_eq!(row.len(), features().len());
    let ranking = asked.ranking.chunks(of_candidates::ranking_names().len());
    row.extend(signs(ranking, of_recall));
    row
}

fn of_learned(asked: &Asked, ranker: &Ranker) -> Vec<f32> {
    let names = of_candidates::names();
    let column = |name: &str| names.iter().position(|it| it == name).unwrap();
    let order = asked.by(|it| ranker.score(asked.row(it)));
    let value = |place: usize, name: &str| {
        order.get(place).map_or(0.0, |it| f64::from(asked.row(it.1)[column(name)]))
    };
    let score = |place: usize| order.get(place).or_else(|| order.last()).map_or(0.0, |it| it.0);
    let (mine, other) = (column("author_asked_for"), column("other_author_asked_for"));
    let best_of = |column: usize| {
        let mut of = order.iter().filter(|it| asked.row(it.1)[column] > 0.0);
        of.next().map_or_else(|| score(order.len()), |it| it.0)
    };
    let share = |count: usize| {
        let of = order.iter().take(count).filter(|it| asked.row(it.1)[mine] > 0.0);
        of.count() as f64 / count as f64
    };
    let covered = |author: usize| {
        let of = order.iter().take(10).filter(|it| asked.row(it.1)[author] > 0.0);
        of.map(|it| f64::from(asked.row(it.1)[column("coverage")])).fold(0.0, f64::max)
    };
    let best = |column: usize, author: usize| {
        let of = order.iter().map(|it| asked.row(it.1)).filter(|it| it[author] > 0.0);
        of.map(|it| f64::from(it[column])).fold(0.0, f64::max)
    };
    let against = |name: &str| best(column(name), mine) - best(column(name), other);
    let (me, you) = (column("of_me"), column("of_you"));
    let of_itself = |author: usize| {
        let of = order.iter().map(|it| (it.0, asked.row(it.1)));
        of.filter(move |it| it.1[author] > 0.0 && it.1[me] > 0.0 && it.1[you] <= 0.0)
    };
    let told = |author: usize| {
        let of = of_itself(author).map(|it| it.0);
        together(of).unwrap_or_else(|| score(order.len()))
    };
    let told_against = |name: &str| {
        let most = |author: usize| {
            of_itself(author).map(|it| f64::from(it.1[column(name)])).fold(0.0, f64::max)
        };
        most(mine) - most(other)
    };
    let signs = [
        value(0, "author_asked_for") - value(0, "other_author_asked_for"),
        share(3),
        share(5),
        share(10),
        best_of(mine) - best_of(other),
        score(0) - score(1),
        score(0) - score(9),
        score(0),
        value(0, "window2.ratio"),
        value(0, "vector.z"),
        value(0, "coverage"),
        value(0, "window_coverage"),
        value(0, "rarest"),
        value(0, "vector_best"),
        value(0, "authors_named"),
        value(0, "core_words"),
        best_of(mine),
        covered(mine),
        covered(other),
        against("core_window2.z"),
        against("core_keyword.z"),
        against("vector.z"),
        against("coverage"),
        against("rarest"),
        against("phrases"),
        value(0, "of_me"),
        value(0, "of_you"),
        value(0, "of_me") * value(0, "other_author_asked_for"),
        value(0, "of_me") * value(0, "author_asked_for"),
        told(mine) - told(other),
        told_against("coverage"),
        told_against("kindred_coverage"),
    ];
    signs.into_iter().map(|it| it as f32).collect()
}
