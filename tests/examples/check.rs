#[test]
fn everybody_sees_the_same_board_in_the_end() {
    wavetank::check(&Typing, &Config::default());
}
