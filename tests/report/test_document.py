from shoprl.report.document import Document, Figure, Figures, Note, Section


def test_figures_come_in_order_and_empty_sections_are_not_shown() -> None:
    first, second, third = (Figure(name, name, name.encode()) for name in "abc")
    sections = (
        Section("One", (Note("text"), Figures((first, second)))),
        Section("Empty", ()),
        Section("Two", (Figures((third,)),)),
    )
    document = Document("Title", "", "headline", (), sections)
    assert list(document.figures()) == [first, second, third]
    assert [section.title for section in document.shown_sections()] == ["One", "Two"]
