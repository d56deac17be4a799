use crate::judge::testing::good;

#[test]
fn a_good_session_breaks_nothing() {
    let judgement = good().logoff().judge();
    assert_eq!(judgement.findings, []);
    assert_eq!(judgement.harness_errors, Vec::<String>::new());
}
