# Two commands matter: `make up` and `make test`. Everything else is here for those who build Zhiwen.

# PYTHON=/path/to/python: another than the newest found. TORCH_INDEX_URL=…: another index for torch.
INSTALL := sh app/install/install.sh
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

SEED ?= 1
bench-search: CHUNKS ?= 100000
bench-removal: CHUNKS ?= 100000
bench-scale: CHUNKS ?= 100000
bench-scale: ENGINES ?= faiss,pgvector
bench-scale: BASES ?= 20
bench-scale: PER_BASE ?= 2000
bench-serve: REQUESTS ?= 1000
fuzz: N ?= 10000
torture: N ?= 50

.PHONY: up test test-fast check format bench bench-ingest bench-parse bench-ray bench-removal bench-scale bench-search \
	bench-serve eval eval-smoke eval-cases eval-firms eval-formats eval-gate eval-loop eval-verdicts same-question fuzz redteam \
	torture vllm-cpu test-vllm train-env lock \
	clean-venv \
	bundle FORCE

up:
	@$(INSTALL) run --step 1/4
	@$(BIN)/zhiwen up --first-step 2

# As many tests side by side as there are cores, four at most: real engines need memory.
WORKERS := -n auto --maxprocesses 4 --dist loadgroup

# mypy keeps one core busy for as long as the others need together.
test: $(DEV_STAMP)
	$(MAKE) --no-print-directory --jobs 2 types style imports docs eval-smoke
	$(BIN)/pytest $(WORKERS)

# Unit tests: no model, no server, no browser.
test-fast: $(DEV_STAMP)
	$(BIN)/pytest $(WORKERS) -m "not slow"

.PHONY: types style imports
check: style types imports

style: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV_STAMP)
	$(BIN)/mypy

imports: $(DEV_STAMP)
	$(BIN)/lint-imports

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: docs reference
# The documentation site, with broken links as errors; open build/site/index.html.
docs: $(DEV_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The pages that are generated: settings, commands, HTTP API.
reference: $(DEV_STAMP)
	$(BIN)/python -m app.cli.reference.settings env > .env.example
	$(BIN)/python -m app.cli.reference.settings markdown > docs/reference/settings.md
	$(BIN)/python -m app.cli.reference.commands > docs/reference/commands.md
	$(BIN)/python -m app.api.reference_page > docs/reference/api.md

bench: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench

bench-search: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_search --chunks $(CHUNKS)

# CHUNKS=1000000 BASES=100 PER_BASE=10000: up to an hour. POSTGRES=postgresql://…: a server of yours.
# ENGINES=milvus: with Milvus Lite, or with MILVUS=http://host:19530 a server of yours.
bench-scale: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_scale --chunks $(CHUNKS) --bases $(BASES) --per-base $(PER_BASE) \
		--engines $(ENGINES) $(if $(POSTGRES),--database-url $(POSTGRES)) $(if $(MILVUS),--milvus-url $(MILVUS))

bench-removal: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_removal --chunks $(CHUNKS)

# ENGINE and MODEL: a real engine instead, e.g. ENGINE=http://127.0.0.1:8100/v1 MODEL=qwen.
bench-serve: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_serve --requests $(REQUESTS) $(if $(ENGINE),--engine $(ENGINE) --model $(MODEL))

# The interface in Chromium: pages cold and warm, jumps while an answer streams, many rows.
bench-ui: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_ui

# Readers on Ray against the worker of this machine, and scripted ones up to 64.
bench-ray: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bulk.bench_ray

bench-parse: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_parse

# EVAL_DATA holds docs_formats/expectations.jsonl; docs/reference/formats.md says what is in it.
eval-formats: $(DEV_STAMP)
	$(BIN)/python -m evals.documents.formats $(EVAL_DATA)

# What is refused before a model is asked, and what counts as supported: only the embedder is needed.
eval-gate: $(DEV_STAMP)
	$(BIN)/zhiwen eval run --kind gate --data $(EVAL_DATA)
	$(BIN)/zhiwen eval run --kind support --data $(EVAL_DATA)

# EVAL_DATA holds cases/questions.jsonl: questions that go wrong easily, each through the service.
eval-cases: $(DEV_STAMP)
	$(BIN)/python -m evals.documents.cases $(EVAL_DATA)/cases

# Questions of small firms as colleagues ask them; no data of others is needed.
eval-firms: $(DEV_STAMP)
	$(BIN)/python -m evals.documents.cases evals/firms --no-floors

# Pairs of questions that are one, and pairs that are two.
same-question: $(DEV_STAMP)
	$(BIN)/python -m evals.quality.same_question

# Sixty answers with hand-written verdicts: every text unchanged, verdicts right.
eval-verdicts: $(DEV_STAMP)
	$(BIN)/python -m evals.quality.verdicts

# Damaged files through the sandbox. N files; the same SEED gives the same files.
fuzz: $(DEV_STAMP)
	$(BIN)/python -m tests.fuzz.run --count $(N) --seed $(SEED)

# Attacks on a running service, by class; docs/security.md says what each would have done.
redteam: $(DEV_STAMP)
	$(BIN)/python -m tests.redteam
	$(BIN)/python -m tests.redteam --postgresql

# The sets of questions; docs/how-to/evaluation.md says what is in them. Without them both are skipped.
EVAL_DATA ?= ../shared/data

# One file that installs Zhiwen without a network, with the models that are here; KEY signs it:
# docs/how-to/offline.md.
BUNDLE_MODELS = $(or $(ZHIWEN_MODELS_DIR),$(or $(ZHIWEN_DATA_DIR),.zhiwen)/models)

bundle: $(RUN_STAMP)
	$(BIN)/python -m app.install.bundle --models $(BUNDLE_MODELS) $(if $(KEY),--key $(KEY))

eval: $(DEV_STAMP)
	$(BIN)/python -m evals.cli run --all --data $(EVAL_DATA)

bench-ingest: $(DEV_STAMP)
	$(BIN)/python -m evals.speed.bench_ingest

# Kills, full disks, damaged snapshots; N cycles of two to four seconds.
torture: $(DEV_STAMP)
	$(BIN)/python -m evals.torture $(N) --seed $(SEED) $(HOW)

eval-smoke: $(DEV_STAMP)
	$(BIN)/python -m evals.cli run --smoke --data $(EVAL_DATA)

# vLLM on a CPU (x86 with AVX-512), in an environment of its own: docs/how-to/serving.md.
VLLM_VENV := .venv-vllm
VLLM_STAMP := $(VLLM_VENV)/.installed
VLLM_MODEL := qwen2.5-coder-0.5b-instruct
VLLM := ZHIWEN_VLLM_PYTHON=$(abspath $(VLLM_VENV))/bin/python

vllm-cpu: $(RUN_STAMP) $(VLLM_STAMP)
	@$(BIN)/zhiwen models convert $(VLLM_MODEL)
	@$(VLLM) ZHIWEN_CHAT_MODEL=$(VLLM_MODEL)-awq $(BIN)/zhiwen up

# Both engines through the whole line, llama.cpp and vLLM, and vLLM's answer in the browser.
test-vllm: $(DEV_STAMP) $(VLLM_STAMP)
	@$(BIN)/zhiwen models convert $(VLLM_MODEL)
	$(VLLM) $(BIN)/pytest tests/engines -v --timeout 1800

# Trains adapters, in an environment of its own: docs/improving.md.
TRAIN_VENV := .venv-train
TRAIN_STAMP := $(TRAIN_VENV)/.installed

train-env: $(TRAIN_STAMP)

# From corrections to an adapter that serves, and back: hours on two cores.
MINUTES ?= 90
QUESTIONS ?= 300
eval-loop: $(DEV_STAMP) $(TRAIN_STAMP)
	$(BIN)/python -m evals.quality.loop $(EVAL_DATA) --minutes $(MINUTES) --questions $(QUESTIONS)

# The installer sees for itself what has changed: asked each time.
$(RUN_STAMP): FORCE
	@$(INSTALL) run

$(DEV_STAMP): FORCE
	@$(INSTALL) dev

$(TRAIN_STAMP): FORCE
	@$(INSTALL) train

$(VLLM_STAMP): FORCE
	@$(INSTALL) vllm

FORCE:

# Needs uv. torch comes apart from the locks: which build fits differs by machine, so it has a version
# (in pyproject.toml) but no single checksum. So does what only its CUDA build wants.
NOT_LOCKED := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
	nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
	nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
	nvidia-nvshmem-cu13 nvidia-nvtx
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	$(addprefix --no-emit-package ,$(NOT_LOCKED))

lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group milvus -c requirements.lock -o requirements-milvus.lock
	$(COMPILE) --group train -c requirements.lock -o requirements-train.lock
	$(COMPILE) docker/vllm-cpu/requirements.in --override docker/vllm-cpu/override.txt \
		--excludes docker/vllm-cpu/without.txt -o docker/vllm-cpu/requirements.txt

clean-venv:
	rm -rf $(VENV) $(VLLM_VENV) $(TRAIN_VENV)
