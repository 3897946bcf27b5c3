//! Templates: what a step is given, as text.

use expect_test::expect;
use sim::{
    plan::checked,
    script::{Answer, play},
};

#[test]
fn a_template_is_written_when_its_step_starts() {
    let plan = checked(
        r#"
steps:
  - { id: one, use: guests/one, with: { p0: a }, on-error: { any: continue } }
  - id: each
    for-each: { in: "['x', 'y']", as: name, parallel: 1 }
    use: guests/one
    with: { p0: { template: "{{ name }} of {% if has(steps.one) %}{{ default(steps.one, '') }}{% else %}nothing{% endif %}" } }
  - id: all
    use: guests/one
    with:
      p0:
        template: |
          All:
          {% for it in steps.each %}
          - {{ it }}
          {% endfor %}
          {{ size(steps.each) }}
"#,
    );
    let answers = [("one #1", Answer::Text("{{ name }}")), ("each[1] #1", Answer::Text("b"))];
    expect![[r#"
        start one #1 ("a")
        done one #1
        end one
        start each[0] #1 ("x of {{ name }}")
        done each[0] #1
        start each[1] #1 ("y of {{ name }}")
        done each[1] #1
        end each
        start all #1 ("All:\n- ok\n- b\n2\n")
        done all #1
        end all
        result 
    "#]]
    .assert_eq(&play(&plan, &answers, &[]));
}

#[test]
fn what_is_too_long_for_a_text_fails_the_step() {
    let plan = checked(
        r#"
steps:
  - id: long
    repeat: { max: 12, carry: { text: { type: string, start: "0123456789abcdef", next: "text + text + text + text" } } }
    steps:
      - { id: one, use: guests/one, with: { p0: { template: "{{ size(text) }}{% if 1000000 < size(text) %}{{ text }}{% endif %}" } } }
"#,
    );
    let told = play(&plan, &[], &[]);
    assert!(
        told.contains("end one: limit (with.p0: the template gives more than a text may be)"),
        "{told}"
    );
}
