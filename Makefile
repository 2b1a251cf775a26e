# mnerflow: `make run` for the results, `make help` for the rest.
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= all
# Folders that stand in for the network: MIRROR for raw data, WEIGHTS_MIRROR for a model hub.
SETTINGS := $(if $(MIRROR),"mirror=$(MIRROR)") $(if $(WEIGHTS_MIRROR),"weights_mirror=$(WEIGHTS_MIRROR)") \
	$(if $(MAX_COST),max_cost=$(MAX_COST)) $(if $(FRESH),published=)
SNAKEMAKE = .venv/bin/snakemake --cores $(CORES) $(if $(strip $(SETTINGS)),--config $(SETTINGS))

.PHONY: help run demo curve twitter thesis photos poner tune rivals study publish verify archive bench test rehearse cluster-test check site rulegraph reference lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "MIRROR=DIR reads raw data from a folder, WEIGHTS_MIRROR=DIR looks model weights up there first, CORES=N uses N cores."
	@echo "TORCH=cpu installs PyTorch without CUDA."

run: .venv/installed ## the embedded default: make the environment, train, print the results table
	@touch .venv/asked
	$(SNAKEMAKE)
	@# Snakemake prints the table after work; where nothing was to be done, it is printed here.
	@test results/default/tables/grid.csv -nt .venv/asked || .venv/bin/mnerflow show

demo: .venv/installed ## the demo's whole product of encoders and fusions
	$(SNAKEMAKE) --configfile config/demo.yaml

curve: .venv/installed ## the demo's learning curve: entity F1 by the number of training posts
	$(SNAKEMAKE) --configfile config/learning_curve.yaml

twitter: .venv/installed ## Twitter-2017 and Twitter-2015 with MiniLM
	$(SNAKEMAKE) --configfile config/twitter.yaml

thesis: .venv/installed ## the thesis's grid at full size: wants GPUs, and MIRROR with the photos and MNER-MI
	$(SNAKEMAKE) --configfile config/thesis.yaml

photos: .venv/installed ## 30 real tweets with their photos
	$(SNAKEMAKE) --configfile config/photos.yaml

poner: .venv/installed ## Czech chronicles with crops of their lines, as published and split by page
	$(SNAKEMAKE) --configfile config/poner.yaml

tune: .venv/installed ## the search that the shipped learning rates come from, on dev alone
	$(SNAKEMAKE) --configfile config/tuning.yaml -- tuning

rivals: .venv/installed ## ask GPT-4o-mini, as the thesis did; needs OPENAI_API_KEY and costs at most MAX_COST dollars
	@test -n "$(MAX_COST)" || { echo "make rivals costs money: say how much at most, as MAX_COST=5"; exit 1; }
	$(SNAKEMAKE) -s rivals.smk --configfile config/thesis.yaml

study: .venv/installed ## the study of docs/study.md; its published runs are taken over, FRESH=1 trains them all anew
	$(SNAKEMAKE) --configfile config/study.yaml

publish: .venv/installed ## copy finished runs, tables and plots of the study to results/published
	.venv/bin/mnerflow publish results/study

verify: .venv/installed ## compute every published table again from the published predictions
	@! find results/verified -name model.safetensors 2> /dev/null | grep . || \
		{ echo "Runs were trained in results/verified, which is for verifying alone: move them away."; exit 1; }
	rm -rf results/verified && .venv/bin/mnerflow unpack results/verified/results
	.venv/bin/snakemake --cores $(CORES) --directory results/verified --quiet all --configfile config/study.yaml \
		--config finished_only=true published= -- tables_of_predictions
	.venv/bin/mnerflow compare results/verified/results/study

archive: .venv/installed ## pack code, configuration, small results and checksums of a finished run into one file
	.venv/bin/mnerflow archive

bench: .venv/installed ## how fast it is: results/benchmarks.csv
	.venv/bin/python benchmarks/training.py $(if $(MIRROR),--mirror "$(MIRROR)") $(if $(BASE),--base "$(BASE)")
	.venv/bin/python benchmarks/features.py $(if $(MIRROR),--mirror "$(MIRROR)")
	.venv/bin/python benchmarks/operations.py
	.venv/bin/python benchmarks/start_up.py
	.venv/bin/python benchmarks/prepare.py $(if $(MIRROR),--mirror "$(MIRROR)")
	.venv/bin/python benchmarks/image_store.py
	.venv/bin/python benchmarks/growth.py

test: .venv/installed ## all tests but those of `make cluster-test` and `make rehearse`, up to four at once
	@# Threads that wait for each other sleep, so that they take no core from other tests.
	OMP_WAIT_POLICY=passive .venv/bin/python -m pytest --ignore=tests/cluster --ignore=tests/rehearsal \
		--numprocesses logical --maxprocesses 4 --dist worksteal

rehearse: .venv/installed ## the thesis's grid and the photos of tweets, on tiny stand-ins for their files, in minutes
	.venv/bin/python -m pytest tests/rehearsal

cluster-test: .venv/installed ## a small grid through a real SLURM of one node (root; installs its packages on Debian)
	@type slurmctld slurmd sbatch munged > /dev/null 2>&1 || test $$(id -u) != 0 || { apt-get update -qq && \
		apt-get install -qq --no-install-recommends slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins; }
	.venv/bin/python -m pytest -rs tests/cluster

check: .venv/installed ## linters, formatters, types, documents
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --no-error-summary
	.venv/bin/snakefmt --check Snakefile rivals.smk contexts.smk workflow
	.venv/bin/snakemake --lint
	.venv/bin/snakemake -s rivals.smk --lint
	.venv/bin/snakemake -s contexts.smk --lint
	.venv/bin/python -m sphinx -q -W --keep-going docs site
	.venv/bin/python tests/sentences.py $(wildcard *.md) config/README.md profiles/slurm/README.md \
		$(filter-out docs/compatibility.md,$(wildcard docs/*.md)) $(wildcard workflow/*/*.py workflow/rules/*.smk) \
		$(shell find src -name '*.py' -o -name '*.j2' -o -name '*.js')

site: .venv/installed ## build the documentation into site/index.html
	.venv/bin/python -m sphinx -q -W --keep-going docs site

rulegraph: .venv/installed ## draw README's graph of the rules anew, without arrows that follow from others (Graphviz)
	.venv/bin/snakemake --rulegraph | tred | dot -Tsvg > docs/rulegraph.svg

reference: .venv/installed ## write docs/configuration.md, docs/tables.md and the JSON schema of the configuration anew
	.venv/bin/python -m mnerflow.config.reference
	.venv/bin/python -m mnerflow.reporting.glossary > docs/tables.md

lock: .venv/installed ## pin what envs/requirements.in names; NEWER=1 takes newer versions of all
	.venv/bin/uv pip compile $(if $(NEWER),--upgrade) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" envs/requirements.in --output-file envs/requirements.lock

clean: ## remove results and downloads, keep the environment
	find results -mindepth 1 -maxdepth 1 ! -name published -exec rm -rf {} + 2> /dev/null || true
	rm -rf resources .snakemake

.venv/installed: envs/requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" TORCH="$(TORCH)" envs/install.sh
	@touch $@
