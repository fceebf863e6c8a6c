//! docs/isa-a64.md is what the tables say.

#[test]
fn the_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/isa-a64.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == isamorph_a64::page(),
        "docs/isa-a64.md is not what the tables say: \
         cargo run -p isamorph-a64 --example coverage > docs/isa-a64.md"
    );
}
