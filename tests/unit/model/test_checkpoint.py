"""What a folder of weights must be, and the harm that it could try to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qvtime.errors import ModelError, ModelNotFound, QvtimeError, UnsafeModel
from qvtime.model.checkpoint import check_checkpoint, identity
from qvtime.model.hub import find_model
from qvtime.settings import ServerChoice, Settings

Edit = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "copy"))


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Change keys of one of the copy's JSON files."""

    def change(name: str, changes: dict[str, Any]) -> None:
        path = folder / name
        held = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(held | changes))

    return change


def test_a_whole_folder_passes(folder: Path) -> None:
    checkpoint = check_checkpoint(folder, "mine")
    assert [path.name for path in checkpoint.weights] == ["model.safetensors"]
    assert checkpoint.size_bytes == (folder / "model.safetensors").stat().st_size
    assert checkpoint.digest() == check_checkpoint(folder, "mine").digest()


def test_a_model_is_its_weights_however_its_folder_is_spelled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    spelled = (str(folder), "copy", "./copy", "copy/")
    mine = {identity(Settings(model=name)) for name in spelled}
    assert mine == {check_checkpoint(folder, "mine").digest()}
    weights = folder / "model.safetensors"
    taught = bytearray(weights.read_bytes())
    taught[-1] ^= 1
    weights.write_bytes(taught)
    assert identity(Settings(model="copy")) not in mine
    assert identity(Settings(model="demo")).startswith("demo sha256:")
    elsewhere = ServerChoice("http://127.0.0.1:8000")
    for there in (Settings(model="Qwen/Q"), Settings(model="demo", server=elsewhere)):
        assert identity(there) == there.model


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelNotFound, match=name) as caught:
        check_checkpoint(folder, "mine")
    assert "demo" in (caught.value.hint or "")


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_pickled_weights_are_refused_unread(folder: Path, pickle: str) -> None:
    (folder / "model.safetensors").rename(folder / pickle)
    with pytest.raises(UnsafeModel, match="can run code"):
        check_checkpoint(folder, "mine")


@pytest.mark.parametrize(
    "planted",
    [
        {"auto_map": {"AutoModel": "evil.Model"}},
        {"text_config": {"auto_map": {"AutoModel": "evil--evil.Model"}}},
        {"list": [{"deep": {"auto_map": {}}}]},
        {"_attn_implementation_internal": "evil/kernel"},
        {"vision_config": {"_experts_implementation_internal": "evil/kernel"}},
        {"attn_implementation": "evil/kernel:attention"},
        {"_attn_implementation": "evil/kernel"},
    ],
)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "generation_config.json"])
def test_a_config_that_names_code_is_refused(
    folder: Path, edit: Edit, name: str, planted: dict[str, Any]
) -> None:
    edit(name, planted)
    with pytest.raises(UnsafeModel, match=rf"mine: {name} names code"):
        check_checkpoint(folder, "mine")


@pytest.mark.parametrize("kind", ["qwen2_vl", "llama", None, 7, "x" * 10_000])
def test_another_kind_of_model_is_refused(folder: Path, edit: Edit, kind: Any) -> None:
    edit("config.json", {"model_type": kind})
    with pytest.raises(ModelError, match="another kind") as caught:
        check_checkpoint(folder, "mine")
    assert len(caught.value.message) < 200


def test_other_patches_are_refused(folder: Path, edit: Edit) -> None:
    edit("config.json", {"vision_config": {"patch_size": 14}})
    with pytest.raises(ModelError, match="patch_size is not 16"):
        check_checkpoint(folder, "mine")


def test_an_adapter_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="adapter"):
        check_checkpoint(folder, "mine")


@pytest.mark.parametrize(
    "file",
    ["../other.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.bin", 7, [], "..", ""],
)
def test_an_index_cannot_point_elsewhere(folder: Path, edit: Edit, file: Any) -> None:
    edit("model.safetensors.index.json", {"weight_map": {"a": "model.safetensors", "b": file}})
    with pytest.raises(UnsafeModel, match="points outside"):
        check_checkpoint(folder, "mine")


def test_a_part_of_the_weights_is_missing(folder: Path, edit: Edit) -> None:
    parts = {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}
    edit("model.safetensors.index.json", {"weight_map": parts})
    with pytest.raises(ModelNotFound, match="00002"):
        check_checkpoint(folder, "mine")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_config_that_is_not_an_object_is_refused(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        check_checkpoint(folder, "mine")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["model_type", "vision_config", "weight_map", "auto_map", "x"]), inner
        )
    ),
    max_leaves=8,
)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(["config.json", "model.safetensors.index.json"]), value=JSON)
def test_any_json_passes_or_is_refused_with_a_reason(
    tiny_folder: Path, folder: Path, name: str, value: Any
) -> None:
    for path in tiny_folder.glob("*.json"):
        shutil.copy(path, folder / path.name)
    (folder / "model.safetensors.index.json").unlink(missing_ok=True)
    (folder / name).write_text(json.dumps(value))
    with pytest.raises(QvtimeError):
        check_checkpoint(folder, "mine")


def test_the_digest_knows_every_byte(folder: Path) -> None:
    before = check_checkpoint(folder, "mine").digest()
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert check_checkpoint(folder, "mine").digest() != before


def test_a_folder_is_found_by_its_path(folder: Path) -> None:
    found = find_model(str(folder))
    assert found.name == str(folder)
    assert found.revision == found.checkpoint.digest()


@pytest.mark.parametrize("name", ["nonsense", "a/b/c", "../up", "/no/where", "own er/x", ""])
def test_a_name_that_means_nothing_is_said_so(name: str) -> None:
    with pytest.raises(ModelNotFound, match="no such folder") as caught:
        find_model(name)
    assert "--model demo" in (caught.value.hint or "")
