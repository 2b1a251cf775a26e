# mnerflow: `make run` for the results, `make help` for the rest.
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= all
# Folders that replace the network: MIRROR for raw data, WEIGHTS_MIRROR for a model hub.
SETTINGS := $(if $(MIRROR),"mirror=$(MIRROR)") $(if $(WEIGHTS_MIRROR),"weights_mirror=$(WEIGHTS_MIRROR)") \
	$(if $(MAX_COST),max_cost=$(MAX_COST)) $(if $(FRESH),published=)
SNAKEMAKE = .venv/bin/snakemake --cores $(CORES) $(if $(strip $(SETTINGS)),--config $(SETTINGS))

.PHONY: help run demo curve twitter thesis photos poner tune rivals study publish verify archive bench test rehearse cluster-test check site rulegraph reference lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "MIRROR=DIR reads raw data from a folder, WEIGHTS_MIRROR=DIR looks model weights up there first, CORES=N uses N cores."
	@echo "TORCH=cpu installs PyTorch without CUDA."

run: .venv/installed ## run the embedded default: make the environment, train, print the results table
	@touch .venv/asked
	$(SNAKEMAKE)
	@# Snakemake prints the table after its work. If there was nothing to do, it is printed here.
	@test results/default/tables/grid.csv -nt .venv/asked || .venv/bin/mnerflow show

demo: .venv/installed ## train the demo with every encoder and fusion
	$(SNAKEMAKE) --configfile config/demo.yaml

curve: .venv/installed ## train for the demo's learning curve: entity F1 by the number of training posts
	$(SNAKEMAKE) --configfile config/learning_curve.yaml

twitter: .venv/installed ## train MiniLM on Twitter-2017 and Twitter-2015
	$(SNAKEMAKE) --configfile config/twitter.yaml

thesis: .venv/installed ## train the thesis's grid at full size: needs GPUs, and MIRROR with the photos and MNER-MI
	$(SNAKEMAKE) --configfile config/thesis.yaml

photos: .venv/installed ## train on 30 real tweets with their photos
	$(SNAKEMAKE) --configfile config/photos.yaml

poner: .venv/installed ## train on Czech chronicles with crops of their lines, as published and split by page
	$(SNAKEMAKE) --configfile config/poner.yaml

tune: .venv/installed ## repeat the search for the shipped learning rates, on dev only
	$(SNAKEMAKE) --configfile config/tuning.yaml -- tuning

rivals: .venv/installed ## ask GPT-4o-mini, as the thesis did; needs OPENAI_API_KEY and costs at most MAX_COST dollars
	@test -n "$(MAX_COST)" || { echo "make rivals costs money: say how much at most, as MAX_COST=5"; exit 1; }
	$(SNAKEMAKE) -s rivals.smk --configfile config/thesis.yaml

study: .venv/installed ## run the study of docs/study.md, taking over its published runs; FRESH=1 trains all of them again
	$(SNAKEMAKE) --configfile config/study.yaml

publish: .venv/installed ## copy finished runs, tables and plots of the study to results/published
	.venv/bin/mnerflow publish results/study

verify: .venv/installed ## recompute every published table from the published predictions
	@! find results/verified -name model.safetensors 2> /dev/null | grep . || \
		{ echo "Runs were trained in results/verified, which is for verifying alone: move them away."; exit 1; }
	rm -rf results/verified && .venv/bin/mnerflow unpack results/verified/results
	.venv/bin/snakemake --cores $(CORES) --directory results/verified --quiet all --configfile config/study.yaml \
		--config finished_only=true published= -- tables_of_predictions
	.venv/bin/mnerflow compare results/verified/results/study

archive: .venv/installed ## pack code, configuration, small results and checksums of a finished run into one file
	.venv/bin/mnerflow archive

bench: .venv/installed ## measure the speed: results/benchmarks.csv
	.venv/bin/python benchmarks/training.py $(if $(MIRROR),--mirror "$(MIRROR)") $(if $(BASE),--base "$(BASE)")
	.venv/bin/python benchmarks/features.py $(if $(MIRROR),--mirror "$(MIRROR)")
	.venv/bin/python benchmarks/operations.py
	.venv/bin/python benchmarks/start_up.py
	.venv/bin/python benchmarks/prepare.py $(if $(MIRROR),--mirror "$(MIRROR)")
	.venv/bin/python benchmarks/image_store.py
	.venv/bin/python benchmarks/growth.py

test: .venv/installed ## run all tests except those of `make cluster-test` and `make rehearse`, up to four at a time
	@# Threads sleep while they wait for each other, and leave the cores to other tests.
	OMP_WAIT_POLICY=passive .venv/bin/python -m pytest --ignore=tests/cluster --ignore=tests/rehearsal \
		--numprocesses logical --maxprocesses 4 --dist worksteal

rehearse: .venv/installed ## run the thesis's grid and the photos of tweets on tiny substitute files, in minutes
	.venv/bin/python -m pytest tests/rehearsal

cluster-test: .venv/installed ## run a small grid on a real one-node SLURM (needs root; installs its packages on Debian)
	@type slurmctld slurmd sbatch munged > /dev/null 2>&1 || test $$(id -u) != 0 || { apt-get update -qq && \
		apt-get install -qq --no-install-recommends slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins; }
	.venv/bin/python -m pytest -rs tests/cluster

check: .venv/installed ## check code, formatting, types and documentation
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --no-error-summary
	.venv/bin/snakefmt --check Snakefile rivals.smk contexts.smk workflow
	.venv/bin/snakemake --lint
	.venv/bin/snakemake -s rivals.smk --lint
	.venv/bin/snakemake -s contexts.smk --lint
	.venv/bin/python -m sphinx -q -W --keep-going docs site
	.venv/bin/python tests/sentences.py $(wildcard *.md) config/README.md profiles/slurm/README.md \
		$(filter-out docs/compatibility.md,$(wildcard docs/*.md)) $(wildcard workflow/*/*.py workflow/*/*.smk) \
		$(shell find src -name '*.py' -o -name '*.j2' -o -name '*.js')

site: .venv/installed ## build the documentation into site/index.html
	.venv/bin/python -m sphinx -q -W --keep-going docs site

rulegraph: .venv/installed ## redraw README's graph of the rules, without redundant arrows (needs Graphviz)
	.venv/bin/snakemake --rulegraph | tred | dot -Tsvg > docs/rulegraph.svg

reference: .venv/installed ## regenerate docs/configuration.md, docs/tables.md and the JSON schema of the configuration
	.venv/bin/python -m mnerflow.config.reference
	.venv/bin/python -m mnerflow.reporting.reference > docs/tables.md

lock: .venv/installed ## pin the packages of envs/requirements.in; NEWER=1 updates all of them
	.venv/bin/uv pip compile $(if $(NEWER),--upgrade) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" envs/requirements.in --output-file envs/requirements.lock

clean: ## remove results and downloads, keep the environment
	find results -mindepth 1 -maxdepth 1 ! -name published -exec rm -rf {} + 2> /dev/null || true
	rm -rf resources .snakemake

.venv/installed: envs/requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" TORCH="$(TORCH)" envs/install.sh
	@touch $@
