"""Archives of built programs, good and bad."""

import gzip
import http.server
import io
import json
import tarfile
import threading

import pytest

from local.programs import archive, programs
from local.programs.__main__ import main
from local.programs.programs import ToolsError


@pytest.fixture
def packed(built, tmp_path):
    """An archive of both programs; the cache is emptied."""
    file = tmp_path / "programs.tar.gz"
    archive.pack(file)
    empty_cache(built)
    return file


def empty_cache(built):
    for program in built:
        for file in program.folder.iterdir():
            file.unlink()
        program.folder.rmdir()


def left_behind(tmp_path):
    return sorted(p.name for p in (tmp_path / "cache" / "tools").iterdir() if p.suffix != ".lock")


def rewrite(file, change):
    """Write the archive again with its members changed."""
    with tarfile.open(file) as source:
        members = {m.name: source.extractfile(m).read() for m in source.getmembers()}
    members = change(members)
    with tarfile.open(file, "w:gz") as target:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            target.addfile(info, io.BytesIO(content))


def of_other_platform(members):
    manifest = json.loads(members["programs.json"])
    return members | {"programs.json": json.dumps(manifest | {"platform": "plan9-mips"}).encode()}


def of_other_version(members):
    manifest = json.loads(members["programs.json"])
    manifest["programs"]["hello"]["key"] = "0123456789abcdef"
    return members | {"programs.json": json.dumps(manifest).encode()}


def without_program(members):
    manifest = json.loads(members["programs.json"])
    del manifest["programs"]["hello"]
    return members | {"programs.json": json.dumps(manifest).encode()}


def without_file(members):
    return {name: content for name, content in members.items() if name != "schemas/schemas"}


def changed_file(members):
    return members | {"schemas/schemas": b"other"}


def without_manifest(members):
    return {name: content for name, content in members.items() if name != "programs.json"}


def test_same_programs_make_the_same_archive(built, tmp_path):
    archive.pack(tmp_path / "one")
    (built[0].folder / "hello").touch()
    archive.pack(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_archive_replaces_a_build(built, packed, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_PROGRAMS", str(packed))
    main(["link", str(tmp_path / "links")])
    assert (tmp_path / "links" / "hi").read_text() == "#!/bin/sh\necho hello\n"
    assert (built[1].folder / "schemas").stat().st_mode & 0o111 == 0o111
    assert left_behind(tmp_path) == sorted(program.folder.name for program in built)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_other_platform, r"is for plan9-mips, and this machine is \S+;"),
        (of_other_version, r"was made from other versions of hello than this checkout has"),
        (without_program, r"has no hello, which this checkout needs"),
        (without_file, r"is truncated, or `make programs-archive` did not create it"),
        (changed_file, r"schemas/schemas in \S+ does not have its checksum"),
        (without_manifest, r"it does not begin with programs\.json"),
    ],
)
def test_bad_archive_is_refused(packed, tmp_path, monkeypatch, change, message):
    rewrite(packed, change)
    monkeypatch.setenv("HERALD_PROGRAMS", str(packed))
    with pytest.raises(SystemExit, match=message) as ended:
        main(["link", str(tmp_path / "links")])
    assert len(str(ended.value).splitlines()) == 1
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("kept", [0, 30, 0.5], ids=["nothing", "head", "half"])
def test_truncated_archive_is_refused(packed, tmp_path, monkeypatch, kept):
    content = packed.read_bytes()
    packed.write_bytes(content[: kept if kept > 1 else int(len(content) * kept)])
    monkeypatch.setenv("HERALD_PROGRAMS", str(packed))
    with pytest.raises(SystemExit, match=r"^tools: \S+ is truncated, or `make"):
        main(["link", str(tmp_path / "links")])
    assert left_behind(tmp_path) == []


def test_other_content_is_refused(packed, tmp_path, monkeypatch):
    packed.write_bytes(gzip.compress(b"a page of a login"))
    monkeypatch.setenv("HERALD_PROGRAMS", str(packed))
    with pytest.raises(SystemExit, match=r"is truncated, or `make"):
        main(["link", str(tmp_path / "links")])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/missing", r"/missing does not exist; HERALD_PROGRAMS takes a file or a URL"),
        ("s3://bucket/key", r"s3://bucket/key cannot be read; .* takes a file or an HTTP URL"),
        ("http://127.0.0.1:1/a", r"http://127\.0\.0\.1:1/a cannot be read: .*refused"),
    ],
)
def test_unreachable_archive_is_named(tools_folder, tmp_path, monkeypatch, source, message):
    monkeypatch.setenv("HERALD_PROGRAMS", source)
    with pytest.raises(SystemExit, match=f"^tools: {message}"):
        main(["link", str(tmp_path / "links")])
    assert left_behind(tmp_path) == []


@pytest.fixture
def server(packed):
    """Serves the archive; the last part of the path is the status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, content = int(self.path.rpartition("/")[2]), packed.read_bytes()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if status == 200 else b"")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_archive_is_fetched(built, server, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_PROGRAMS", f"{server}/200")
    main(["link", str(tmp_path / "links")])
    assert (built[0].folder / "hello").exists()


def test_missing_page_is_named(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_PROGRAMS", f"{server}/404")
    with pytest.raises(SystemExit, match=r"^tools: \S+/404 answered 404 Not Found$"):
        main(["link", str(tmp_path / "links")])


def release(url, sha256):
    key = archive.release_key()
    entry = {"platform": programs.this_platform(), "key": key, "url": url, "sha256": sha256}
    lines = "\n".join(f'{name} = "{value}"' for name, value in entry.items())
    (programs.HERE / "released.toml").write_text(f"[[archives]]\n{lines}\n")


def test_release_is_the_default(built, packed, server, tmp_path, capsys):
    release(f"{server}/200", archive.checksum(packed))
    main(["link", str(tmp_path / "links")])
    assert "Building" not in capsys.readouterr().out
    assert (built[0].folder / "hello").read_text() == "#!/bin/sh\necho hello\n"


@pytest.mark.parametrize(
    ("path", "reason"), [("404", "answered 404"), ("200", "0" * 64 + " was expected")]
)
def test_build_replaces_a_bad_release(built, server, tmp_path, capsys, path, reason):
    release(f"{server}/{path}", "0" * 64)
    main(["link", str(tmp_path / "links")])
    shown = capsys.readouterr().out
    assert reason in shown
    assert "; building them instead\n" in shown
    assert built[0].folder.is_dir()


def test_release_of_other_programs_is_ignored(tools_folder, built, server):
    release(f"{server}/200", "0" * 64)
    assert archive.released()["url"] == f"{server}/200"
    (tools_folder / "hello" / "main.go").write_text("package main\n")
    assert archive.released() is None


def test_release_serves_who_needs_less(built, packed, server, tmp_path, monkeypatch, capsys):
    """Such as a user with a cluster or a Pulumi CLI of their own."""
    release(f"{server}/200", archive.checksum(packed))
    monkeypatch.setenv("HERALD_SCHEMAS", "mine")
    main(["link", str(tmp_path / "links")])
    assert "Building" not in capsys.readouterr().out
    assert left_behind(tmp_path) == [built[0].folder.name]


def test_key_names_the_archive(tools_folder, capsys):
    main(["key"])
    shown = capsys.readouterr().out
    assert shown == f"{programs.this_platform()}-{archive.release_key()}\n"


def test_archive_command_prints_a_release(built, tmp_path, capsys):
    main(["archive", str(tmp_path / "programs.tar.gz")])
    shown = capsys.readouterr().out
    assert f'key = "{archive.release_key()}"\n' in shown
    assert f'sha256 = "{archive.checksum(tmp_path / "programs.tar.gz")}"\n' in shown


def test_sources_outside_cache_are_not_written(packed, built, tmp_path):
    """Members of other names are never unpacked."""
    rewrite(packed, lambda members: members | {"../evil": b"evil"})
    archive.install(built, str(packed))
    assert not list(tmp_path.rglob("evil"))


def test_wrong_archive_checksum_is_refused(packed, built):
    with pytest.raises(ToolsError, match=r"has the SHA-256 [0-9a-f]{64}, and 00 was expected"):
        archive.install(built, str(packed), "00")
