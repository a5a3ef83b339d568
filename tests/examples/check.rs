#[test]
fn everybody_sees_the_same_board_in_the_end() {
    let config = Config { limit: 10, deaf: false };
    wavetank::check(&Typing, &config);
}
