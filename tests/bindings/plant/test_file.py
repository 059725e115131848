"""The plant file: what it may say, how it is told what is wrong, and where secrets come from."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aas_server.bindings.plant.file import PlantFile, load_plant_file, plant_file_schema
from aas_server.bindings.secret_source import SecretSource
from aas_server.errors import ConfigurationError
from aas_server.yaml_files.reading import MAX_BYTES, YamlFile

FULL = """\
version: 1
connections:
  mill:
    url: opc.tcp://127.0.0.1:48401/kronos
    security: {policy: None}
    publishingInterval: 500ms
    keepAliveCount: 4
    timeout: 3s
bindings:
  - connection: mill
    node: "nsu=http://kronos.example/UA/Fraese/;s=Spindel.Drehzahl"
    sink: {submodel: "urn:demo-plant:mill:OperationalData", path: Signals.DriveSpeed}
    samplingInterval: 250ms
    queueSize: 2
    deadband: 0.5
    index: 2
    unit: {from: "1/min", to: "1/s"}
    scale: {factor: 0.1, offset: 0}
    direction: readWrite
  - connection: mill
    node: "nsu=http://kronos.example/UA/Fraese/;s=Zustand"
    sink: {submodel: "urn:demo-plant:mill:OperationalData", path: State.OperatingState}
    enumeration: {0: Off, 1: Idle, AUTO_RUN: Execute}
"""


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def loaded(text: str | bytes) -> PlantFile:
        path = tmp_path / "plant.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_plant_file(path)

    return loaded


@pytest.fixture
def problems(load: Any) -> Any:
    """Return what is wrong with a plant file: ``line: text`` each."""

    def told(text: str | bytes) -> list[str]:
        with pytest.raises(ConfigurationError) as raised:
            load(text)
        return [line.partition("plant.yaml:")[2] for line in str(raised.value).splitlines()]

    return told


def connection(lines: str) -> str:
    return f"version: 1\nconnections:\n  m:\n    url: opc.tcp://h:4840\n{lines}"


def binding(lines: str) -> str:
    row = "bindings:\n  - connection: m\n    node: n\n    sink: {submodel: s, path: P}\n"
    return connection(row + lines)


def test_every_key_of_the_file_is_read(load):
    plant = load(FULL)
    mill = plant.connections["mill"]
    assert mill.url == "opc.tcp://127.0.0.1:48401/kronos"
    assert (mill.security.policy, mill.security.mode) == ("None", "None")
    assert (mill.publishing_interval, mill.keep_alive_count, mill.timeout) == (0.5, 4, 3.0)
    speed, state = plant.bindings
    assert speed.sink.name == "urn:demo-plant:mill:OperationalData/Signals.DriveSpeed"
    assert (speed.sampling_interval, speed.queue_size, speed.deadband) == (0.25, 2, 0.5)
    assert (speed.index, speed.direction) == (2, "readWrite")
    assert speed.unit is not None
    assert (speed.unit.from_, speed.unit.to) == ("1/min", "1/s")
    assert speed.scale is not None
    assert (speed.scale.factor, speed.scale.offset) == (0.1, 0.0)
    assert state.enumeration == {0: "Off", 1: "Idle", "AUTO_RUN": "Execute"}


def test_what_is_left_out_has_a_default(load):
    plant = load(binding(""))
    settings = plant.connections["m"]
    assert (settings.publishing_interval, settings.keep_alive_count, settings.timeout) == (
        0.5,
        5,
        4.0,
    )
    row = plant.bindings[0]
    assert (row.sampling_interval, row.queue_size, row.deadband, row.index) == (None, 1, None, None)
    assert (row.unit, row.scale, row.enumeration, row.direction) == (None, None, None, "read")


def test_a_plant_without_bindings_is_a_plant(load):
    assert load(connection("")).bindings == ()


@pytest.mark.parametrize("word", ["Off", "On", "Yes", "No", "10:30", "2026-01-01", "0x"])
def test_words_that_yaml_1_1_takes_for_other_types_are_texts(load, word):
    plant = load(binding(f"    enumeration: {{0: {word}}}\n"))
    assert plant.bindings[0].enumeration == {0: word}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10ms", 0.01), ("1s", 1.0), ("2m", 120.0), ("1h", 3600.0), ("1.5 s", 1.5), ("2", 2.0)],
)
def test_durations_are_seconds(load, text, seconds):
    plant = load(connection(f"    publishingInterval: {text}\n"))
    assert plant.connections["m"].publishing_interval == seconds


@pytest.mark.parametrize("text", ["5 ticks", "-1s", "true", "[1]", "'1'", "1.ms"])
def test_what_is_no_duration_is_told_how_to_write_one(problems, text):
    assert problems(connection(f"    timeout: {text}\n")) == [
        "5: timeout: must be a duration such as 250ms, 1s or 2m, or a number of seconds"
    ]


def test_durations_have_bounds(problems):
    assert problems(connection("    publishingInterval: 1ms\n    timeout: 1h\n")) == [
        "5: publishingInterval: must be at least 0.01",
        "6: timeout: must be at most 300.0",
    ]


@pytest.mark.parametrize("url", ["ftp://h:1", "opc.tcp://h", "opc.tcp://h:99999", "opc.tcp://:1"])
def test_an_address_is_opc_tcp_with_host_and_port(problems, url):
    text = connection("").replace("opc.tcp://h:4840", url)
    assert problems(text) == [
        "4: url: must be opc.tcp://host:port[/path], without user or password"
    ]


@pytest.mark.parametrize("url", ["opc.tcp://h:1/a/b", "opc.tcp://[::1]:4840", "opc.tcp://a_b.c:1/"])
def test_addresses_have_names_numbers_and_paths(load, url):
    plant = load(connection("").replace("opc.tcp://h:4840", f'"{url}"'))
    assert plant.connections["m"].url == url


def test_an_unknown_key_names_its_line_and_the_nearest_valid_key(problems):
    assert problems(binding("    samplngInterval: 1s\n")) == [
        "9: unknown key 'samplngInterval', did you mean 'samplingInterval'?"
    ]


def test_a_key_that_resembles_none_is_told_all_of_them(problems):
    assert problems(binding("    scale: {zzz: 1}\n")) == [
        "9: unknown key 'zzz': there is 'factor', 'offset'"
    ]


def test_keys_inside_a_connection_named_like_a_key_find_their_neighbours(problems):
    text = "version: 1\nconnections:\n  security:\n    url: opc.tcp://h:1\n    timout: 1s\n"
    assert problems(text) == ["5: unknown key 'timout', did you mean 'timeout'?"]


def test_the_python_name_of_a_key_is_unknown(problems):
    assert problems(binding("    queue_size: 1\n")) == [
        "9: unknown key 'queue_size', did you mean 'queueSize'?"
    ]


def test_an_unknown_connection_names_the_nearest(problems):
    text = FULL.replace(
        'connection: mill\n    node: "nsu=http://kronos.example/UA/Fraese/;s=Z',
        'connection: mil\n    node: "nsu=http://kronos.example/UA/Fraese/;s=Z',
    )
    assert problems(text) == ["20: unknown connection 'mil', did you mean 'mill'?"]


def test_all_problems_are_told_at_once_in_the_order_of_their_lines(problems):
    text = FULL.replace("version: 1", "version: 2").replace("queueSize: 2", "queueSize: 0")
    text = text.replace("direction: readWrite", "direction: both").replace("0: Off", "0: true")
    text = text.replace("    timeout: 3s\n", "    timeout: 3s\n    timeout: 4s\n")
    text = text.replace("  - connection: mill\n", "  - connection: drill\n", 1)
    assert problems(text) == [
        "1: version: must be 1",
        "9: the key 'timeout' is given twice, first in line 8",
        "11: unknown connection 'drill', did you mean 'mill'?",
        "15: queueSize: must be at least 1",
        "20: direction: must be 'read', 'readWrite' or 'write'",
        "24: enumeration: the text for 0 must be a text: put True in quotes",
    ]


def test_a_file_with_thousands_of_problems_tells_the_first_hundred(problems):
    row = "  - {connection: m, node: n, sink: {submodel: s, path: P}, nod: x}\n"
    told = problems(connection("bindings:\n" + row * 3000))
    assert len(told) == 101
    assert told[0].startswith("6: unknown key 'nod'")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("    queueSize: true\n", "queueSize: must be a whole number"),
        ("    index: 1.5\n", "index: must be a whole number"),
        ("    index: -1\n", "index: must be at least 0"),
        ("    deadband: .nan\n", "deadband: must be a number"),
        ("    deadband: x\n", "deadband: must be a number"),
        ("    scale: {factor: 0}\n", "factor: must not be 0"),
        ("    scale: 5\n", "scale: must be a table of keys and values"),
        ("    unit: {from: 5, to: s}\n", "from: must be a text: put it in quotes"),
        ("    unit: {from: s}\n", "the key 'to' is missing"),
        ("    enumeration: devices\n", "enumeration: must be 'device' or a table"),
        ("    enumeration: {}\n", "enumeration: must be 'device' or a table"),
        ("    enumeration: {1.5: x}\n", "enumeration: 1.5 must be a whole number or a text"),
        ("    enumeration: {true: x}\n", "enumeration: True must be a whole number or a text"),
    ],
)
def test_values_of_the_wrong_type_are_told_what_to_write(problems, lines, told):
    first, *others = problems(binding(lines))
    assert first.startswith(f"9: {told}")
    assert not others


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: must be a table of keys and values"),
        ("[1, 2]", "1: must be a table of keys and values"),
        ("version: 1\n", "1: the key 'connections' is missing"),
        ("version: 1\nconnections: []\n", "2: connections: must be a table of keys and values"),
        ("a: {b\n", "2: is no YAML: did not find expected ',' or '}'"),
        ("a: 1\n---\nb: 2\n", "2: has more than one document"),
        ("a: !!python/object/apply:os.system [id]\n", "1: tags are not used here"),
        ("a: !!binary aGk=\n", "1: tags are not used here"),
        ("a: *nowhere\n", "1: an alias without an anchor before it"),
        ("? [a]\n: 1\n", "1: a key must be a text or a number"),
        (b"a: \xff\xfe\xff\n", "1: is no YAML: "),
        (b"a: \x00\n", "1: is no YAML: "),
        ("a: " + "[" * 40 + "]" * 40, "1: is nested more than 32 levels deep"),
        ("a: " + "[" * 100_000, "1: is "),
        ("a: " + "1" * 5000, "1: a number has at most 32 characters"),
    ],
)
def test_what_is_no_plant_file_at_all_is_told_so(problems, text, told):
    found = problems(text)
    assert any(line.startswith(told) for line in found), found


def test_a_list_of_aliases_cannot_grow_without_bounds(problems):
    layers = ["a: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, 12):
        layers.append(f"b{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]")
    started = time.monotonic()
    assert problems("\n".join(layers))[0].endswith("has more than 2000000 keys and values")
    assert time.monotonic() - started < 20


def test_what_rows_share_may_be_an_anchor(load):
    text = (
        "version: 1\n"
        "connections:\n"
        "  a: &same {url: 'opc.tcp://h:1', security: {policy: Basic256Sha256, mode: Sign}}\n"
        "  b: *same\n"
    )
    assert load(text).connections["a"] == load(text).connections["b"]


def test_a_problem_inside_an_alias_stands_at_the_line_of_its_text(problems):
    text = "version: 1\nconnections:\n  a: &same\n    url: x\n  b: *same\n"
    assert [line.partition(":")[0] for line in problems(text)] == ["4", "4"]


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "plant.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match="has more than 16 MiB"):
        load_plant_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_plant_file(tmp_path / "nowhere.yaml")


def test_scalars_of_other_radix_and_exponent_are_numbers(tmp_path):
    text = b"[0x1F, 0o17, 1e3, -.5, +7, ~, null, True, '1', 1_000]"
    content = YamlFile(tmp_path, text).content
    assert content == [31, 15, 1000.0, -0.5, 7, None, None, True, "1", "1_000"]


def test_ten_thousand_rows_load_in_seconds(tmp_path):
    head, _, rows = FULL.partition("bindings:\n")
    path = tmp_path / "plant.yaml"
    path.write_text(head + "bindings:\n" + rows * 5000)
    started = time.process_time()
    assert len(load_plant_file(path).bindings) == 10_000
    assert time.process_time() - started < 20


class TestSecurity:
    def test_messages_are_signed_and_encrypted_unless_the_file_says_otherwise(self, load):
        plant = load(connection("    security: {policy: Basic256Sha256}\n"))
        assert plant.connections["m"].security.mode == "SignAndEncrypt"

    @pytest.mark.parametrize(
        ("security", "told"),
        [
            ("{policy: None, mode: Sign}", "policy None does not go with mode Sign"),
            ("{policy: Basic256Sha256, mode: None}", "does not go with mode None"),
            ("{policy: Basic128Rsa15}", "policy: must be 'None', 'Basic256Sha256'"),
            ("{user: anna}", "user and password come together"),
            ("{password: {env: A}}", "user and password come together"),
            ("{certificate: a.pem}", "certificate and privateKey come together"),
            ("{user: anna, password: {}}", "password: must be {env: NAME} or {file: PATH}"),
            ("{user: a, password: {env: A, file: b}}", "must be {env: NAME} or {file: PATH}"),
            ("{user: a, password: {env: 1A}}", "must be the name of an environment variable"),
            ("{user: 007, password: {env: A}}", "user: must be a text: put it in quotes"),
        ],
    )
    def test_contradictions_are_refused(self, problems, security, told):
        found = problems(connection(f"    security: {security}\n"))
        assert len(found) == 1
        assert told in found[0]

    def test_paths_are_seen_from_the_folder_of_the_file(self, load, tmp_path):
        plant = load(
            connection(
                "    security: {policy: Basic256Sha256, serverCertificate: pki/mill.der,\n"
                "      certificate: /etc/own.pem, privateKey: own.key,\n"
                "      user: anna, password: {file: secrets/mill}}\n"
            )
        )
        security = plant.connections["m"].security
        assert security.server_certificate == tmp_path / "pki/mill.der"
        assert security.certificate == Path("/etc/own.pem")
        assert security.password is not None
        assert security.password.file == tmp_path / "secrets/mill"


class TestSecrets:
    SECRET = "hunter2-very-secret"

    @pytest.mark.parametrize(
        "lines",
        [
            "    security: {user: a, password: %s}\n",
            "    security: {user: a, pasword: %s}\n",
            "    security: {user: a, password: {env: '%s!'}}\n",
            "    security: {user: a, password: {value: %s}}\n",
            "    security: {user: a, password: [%s]}\n",
            "    security: {user: a, password: {env: A, \n  %s: : }\n",
            "    security: {user: a, password: {%s}}\n",
            "    security: {user: a, password: !%s }\n",
            "    security: {user: a, password: *%s }\n",
            "    security: %s\n",
        ],
    )
    def test_a_password_in_the_file_is_refused_and_never_shown(self, load, lines):
        with pytest.raises(ConfigurationError) as raised:
            load(connection(lines % self.SECRET))
        error: BaseException | None = raised.value
        while error is not None:
            assert self.SECRET not in f"{error} {error!r}"
            error = None if error.__suppress_context__ else error.__context__

    def test_a_literal_password_is_told_where_it_belongs(self, problems):
        assert problems(connection("    security: {user: a, password: x}\n")) == [
            (
                "5: password: a password does not belong in this file: "
                "name its environment variable, {env: NAME}, or its file, {file: PATH}"
            )
        ]

    def test_credentials_in_an_address_are_refused_and_never_shown(self, problems):
        text = connection("").replace("//h", f"//anna:{self.SECRET}@h")
        assert self.SECRET not in problems(text)[0]

    def test_a_secret_is_read_from_the_environment_when_it_is_needed(self, monkeypatch):
        source = SecretSource.model_validate({"env": "MILL_PASSWORD"})
        monkeypatch.setenv("MILL_PASSWORD", self.SECRET)
        assert source.read() == self.SECRET
        assert self.SECRET not in repr(source)

    @pytest.mark.parametrize("value", [None, ""])
    def test_a_variable_that_is_not_set_is_named(self, monkeypatch, value):
        monkeypatch.delenv("MILL_PASSWORD", raising=False)
        if value is not None:
            monkeypatch.setenv("MILL_PASSWORD", value)
        with pytest.raises(ConfigurationError, match="MILL_PASSWORD must hold a secret"):
            SecretSource.model_validate({"env": "MILL_PASSWORD"}).read()

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_a_secret_is_read_from_a_file_without_its_line_break(self, tmp_path, end):
        path = tmp_path / "secret"
        path.write_bytes((self.SECRET + end).encode())
        assert SecretSource.model_validate({"file": str(path)}).read() == self.SECRET

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (None, "cannot be read: No such file"),
            (b"", "is empty"),
            (b"\n", "is empty"),
            (b"\xff\xfe" + SECRET.encode(), "is not UTF-8"),
            (SECRET.encode() * 9999, "has more than 65536 bytes"),
        ],
    )
    def test_a_file_without_a_secret_is_named_and_not_shown(self, tmp_path, content, told):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=told) as raised:
            SecretSource.model_validate({"file": str(path)}).read()
        assert str(path) in str(raised.value)
        assert self.SECRET not in str(raised.value)


class TestSchema:
    def test_it_is_a_json_schema_that_takes_the_full_file_and_its_own_example(self):
        schema = plant_file_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        content = yaml.safe_load(FULL.replace("0: Off, 1: Idle", "'0': 'Off', '1': Idle"))
        validator.validate(content)
        validator.validate(schema["examples"][0])
        PlantFile.model_validate(schema["examples"][0])

    def test_it_refuses_what_the_loader_refuses(self):
        validator = jsonschema.Draft202012Validator(plant_file_schema())
        content = yaml.safe_load(binding("    samplngInterval: 1s\n"))
        assert not validator.is_valid(content)

    def test_it_is_the_same_for_every_run_and_describes_every_key(self):
        schema = plant_file_schema()
        assert json.dumps(schema) == json.dumps(plant_file_schema())
        for name, model in schema["$defs"].items():
            for key, value in model["properties"].items():
                assert "description" in value, f"{name}.{key}"


OPERATIONS = """\
version: 1
connections:
  mill: {url: "opc.tcp://127.0.0.1:48401/kronos"}
operations:
  - connection: mill
    object: "nsu=http://kronos.example/UA/Fraese/;s=Fertigung"
    method: "nsu=http://kronos.example/UA/Fraese/;s=Fertigung.AuftragStarten"
    operation: {submodel: "urn:demo-plant:mill:JobControl", path: StartOrder}
    inputs: [Quantity, Order]
    outputs: []
"""


def test_a_method_carries_out_an_operation(load: Any) -> None:
    (row,) = load(OPERATIONS).operations
    assert (row.connection, row.operation.path) == ("mill", "StartOrder")
    assert (row.inputs, row.outputs) == (("Quantity", "Order"), ())
    assert row.operation.name == "urn:demo-plant:mill:JobControl/StartOrder"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "connection: mill",
            "connection: mil",
            "5: unknown connection 'mil', did you mean 'mill'?",
        ),
        ("    inputs:", "    input:", "9: unknown key 'input', did you mean 'inputs'?"),
        ("path: StartOrder", "idShort: StartOrder", "8: unknown key 'idShort'"),
        ("inputs: [Quantity, Order]", "inputs: Quantity", "9: inputs: must be a list"),
    ],
)
def test_a_wrong_row_of_an_operation_is_told_with_its_line(
    problems: Any, before: str, after: str, told: str
) -> None:
    assert any(told in problem for problem in problems(OPERATIONS.replace(before, after)))


LIMITED = """\
version: 1
connections:
  mill:
    url: opc.tcp://127.0.0.1:48401/kronos
    limits: {itemsPerCall: 50, itemsPerSubscription: 200}
bindings:
  - connection: mill
    node: "nsu=urn:vendor;s=Speed"
    sink: {submodel: "urn:demo", path: Speed}
    publishingInterval: 20ms
    deadbandPercent: 2.5
    fallbackPath: "/0:Objects/nsu=urn:vendor;Speed"
"""


def test_a_connection_has_limits_and_a_row_what_is_asked_of_its_subscription(load: Any) -> None:
    plant = load(LIMITED)

    limits = plant.connections["mill"].limits
    assert (limits.items_per_call, limits.items_per_subscription) == (50, 200)
    (row,) = plant.bindings
    assert (row.publishing_interval, row.deadband_percent) == (0.02, 2.5)
    assert row.fallback_path == "/0:Objects/nsu=urn:vendor;Speed"


@pytest.mark.parametrize(
    ("was", "line", "told"),
    [
        ("deadbandPercent: 2.5", "deadbandPercent: 101", "must be at most 100"),
        ("deadbandPercent: 2.5", "deadbandPercent: 2\n    deadband: 1", "exclude each other"),
        ('"/0:Objects/nsu=urn:vendor;Speed"', "Objects/Speed", "is no path"),
        ("itemsPerCall: 50", "itemsPerCall: 0", "must be at least 1"),
        ("itemsPerCall: 50", "itemsPerCalls: 50", "itemsPerCall"),
    ],
)
def test_what_cannot_be_asked_of_a_server_is_told(
    problems: Any, was: str, line: str, told: str
) -> None:
    assert any(told in problem for problem in problems(LIMITED.replace(was, line)))
