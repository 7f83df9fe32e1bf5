"""`python -m docs.generator` writes the generated pages, and the picture of the platform."""

from docs.generator.pages import DIRECTORY, PAGES

if __name__ == "__main__":
    for name, text_of in PAGES.items():
        (DIRECTORY / name).write_text(text_of(), encoding="utf-8")
