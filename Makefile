# make run: install into .venv and run the main job (again: go on with it; OUT=FOLDER: elsewhere); make serve: serve recommendations; make load: measure what that carries; make test: install what tests need and run them; make docs: build the documentation.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= runs/quick
SHOP ?= runs/shop
PORT ?= 8000
PIP := $(BIN)/python -m pip --disable-pip-version-check
PARALLEL := --numprocesses auto --dist worksteal  # a worker a core; idle ones take tests from the others

.PHONY: run serve load test docs test-core test-gym test-openenv test-trl test-slow test-hostile check clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt torch  # first and alone, so that the pinned build is taken
	$(PIP) install --quiet --constraint constraints.txt --editable ".[all]"
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable ".[all,test,dev,docs]"
	touch $@

run: $(VENV)/.installed
	$(BIN)/shoprl reproduce --budget quick --out $(OUT) $(if $(wildcard $(OUT)/run.json),--resume)

test: $(VENV)/.installed-test check
	$(BIN)/pytest $(PARALLEL)

test-slow: $(VENV)/.installed-test
	$(BIN)/pytest -m slow

# A recommendation service on a generated shop: http://127.0.0.1:8000 (PORT=N: elsewhere).
serve: $(VENV)/.installed
	test -d $(SHOP) || $(BIN)/shoprl catalog generate --products 2000 --out $(SHOP)
	$(BIN)/shoprl serve --catalog $(SHOP) --port $(PORT)

# What the service carries: 50 users for five minutes, feedback alone, four times the users. MINUTES=1 for a look.
MINUTES ?= 5
LOAD_OUT ?= runs/service-load.json
load: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable ".[all,load]"
	$(BIN)/python benchmarks/service_load.py --minutes $(MINUTES) --out $(LOAD_OUT) $(LOAD_OPTIONS)

# Hostile input for every command, kills at random moments, requests made up for the server: at most 20 minutes.
test-hostile: $(VENV)/.installed-test
	$(BIN)/pytest $(PARALLEL) -m "hostile or not hostile" tests/hostile

# The environment alone, as `pip install shoprl` gives it: no torch, no matplotlib.
CORE_TESTS := $(addprefix tests/,catalog feeds search shop serve compat bench real) $(patsubst %,tests/test_%.py,claims files json_stream machine progress reading runlog settings terminal)
test-core:
	$(PYTHON) -m venv $(VENV)-core
	$(VENV)-core/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt ".[test]"
	! $(VENV)-core/bin/python -c "import torch" 2>/dev/null
	$(VENV)-core/bin/shoprl catalog generate --products 60 --out $(VENV)-core/shop-$$$$ && \
		$(VENV)-core/bin/shoprl evaluate --policy rule --data $(VENV)-core/shop-$$$$
	$(VENV)-core/bin/python -m pytest $(PARALLEL) $(CORE_TESTS)

# The OpenEnv server, with packages that cannot be installed beside those of the other extras, nor as constraints.txt says.
test-openenv:
	$(PYTHON) -m venv $(VENV)-openenv
	$(VENV)-openenv/bin/python -m pip --disable-pip-version-check install --quiet ".[openenv]" hypothesis pytest pytest-timeout
	$(VENV)-openenv/bin/python -m pytest tests/compat/test_openenv.py

# With TRL and Stable-Baselines3, which ShopRL does not need: installed beside the environment of the tests, not into it.
OTHERS := $(VENV)-others
test-trl: $(VENV)/.installed-test
	$(PYTHON) -m venv $(OTHERS)
	$(BIN)/python -c "import sysconfig; print('import site; site.addsitedir(%r)' % sysconfig.get_path('purelib'))" \
		> "$$($(OTHERS)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/tests.pth"
	$(OTHERS)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt trl datasets stable-baselines3 sb3-contrib
	$(OTHERS)/bin/python -m pytest tests/compat/test_trl.py tests/policies/causal tests/tasks/shop/test_numeric.py
	$(OTHERS)/bin/python -m pytest tests/docs/test_examples.py -k "train_language_model or train_grpo"

# The original's names with the old gym that it was written for, a version after the other: a minute.
test-gym:
	for version in 0.24.0 0.25.2 0.26.2; do \
		$(PYTHON) -m venv $(VENV)-gym-$$version && \
		$(VENV)-gym-$$version/bin/python -m pip --disable-pip-version-check install --quiet "gym==$$version" && \
		$(VENV)-gym-$$version/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt \
			. beautifulsoup4 hypothesis pytest pytest-timeout && \
		$(VENV)-gym-$$version/bin/python -m pytest tests/compat/test_web_agent_site.py || exit 1; \
	done

check: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation site, warnings as errors: build/docs/index.html.
docs: $(VENV)/.installed-test
	$(BIN)/sphinx-build -W --keep-going --quiet -b html -d build/doctrees docs build/docs

clean:
	rm -rf $(VENV) $(VENV)-core $(VENV)-gym-* $(VENV)-openenv $(VENV)-others runs build dist
