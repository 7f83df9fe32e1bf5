from local.certificates import HEAD, find_added


def certificate(content):
    return f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----"


def test_only_authorities_beyond_debian_are_added(tmp_path):
    shipped = tmp_path / "shipped" / "mozilla"
    shipped.mkdir(parents=True)
    (shipped / "One.crt").write_text(certificate("ONE\nMORE") + "\n")
    trusted = tmp_path / "bundle.crt"
    trusted.write_text(f"{certificate('ONEMORE')}\n{certificate('PROXY')}\n")
    assert find_added(trusted, shipped.parent) == f"{HEAD}{certificate('PROXY')}\n"


def test_machine_without_own_authorities_adds_none(tmp_path):
    assert find_added(tmp_path / "missing.crt", tmp_path) == HEAD
