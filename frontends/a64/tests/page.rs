//! docs/isa-a64.md is what the tables say. `ISAMORPH_BLESS=1` writes it anew.

#[test]
fn the_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/isa-a64.md");
    if std::env::var_os("ISAMORPH_BLESS").is_some() {
        std::fs::write(path, isamorph_a64::page()).expect("docs can be written");
        return;
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == isamorph_a64::page(),
        "docs/isa-a64.md is not what the tables say: cargo xtask bless"
    );
}
