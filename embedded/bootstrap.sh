#!/bin/sh
# Make .venv and install the hashed requirements: sh embedded/bootstrap.sh requirements.txt
# Quick when nothing changed. A cut-off run is noticed and made good; of two at once, one waits.
set -eu
cd "$(dirname "$0")/.."
[ -n "${IS_LOCKED-}" ] || exec flock .venv.lock env IS_LOCKED=yes sh embedded/bootstrap.sh "$@"
requirements=$1
venv=.venv
log=$venv.log
stamp=$venv/.installed-$requirements
unfinished=$venv/.unfinished

fail() {
    echo "$*" >&2
    exit 1
}

fail_with_log() {
    tail -n 15 "$log" >&2
    fail "$1 (all of it: $log)"
}

runs() { # a Python ≥ 3.12 that really starts: pyenv's shims of inactive versions exit with 127
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

can_make_venv() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

find_python() {
    incomplete=
    pyenv=${PYENV_ROOT:-${HOME-}/.pyenv}/versions
    for python in ${PYTHON:-python3.13 python3.12 python3.14 python3 \
        "$pyenv"/3.13.*/bin/python "$pyenv"/3.12.*/bin/python "$pyenv"/3.14.*/bin/python}; do
        runs "$python" || continue
        can_make_venv "$python" && return
        incomplete=$python
    done
    python=
}

make_venv() {
    find_python
    rm -rf "$venv"
    mkdir "$venv"
    : >"$unfinished"
    if [ -n "$python" ]; then
        echo "environment: making $venv with $("$python" --version)"
        "$python" -m venv "$venv" >"$log" 2>&1 || fail_with_log "$venv could not be made"
    elif [ -n "${PYTHON:-}" ]; then
        fail "PYTHON=$PYTHON is no complete Python 3.12 or newer."
    elif command -v uv >/dev/null; then
        echo "environment: making $venv with a Python fetched by uv"
        uv venv --quiet --seed --allow-existing --python 3.13 "$venv" >"$log" 2>&1 || fail_with_log "uv could not make $venv"
    elif [ -n "$incomplete" ]; then
        version=$("$incomplete" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        fail "$version has no venv module. Install it: apt install $version-venv"
    else
        fail "Python 3.12 or newer is needed. Install it: apt install python3.13 python3.13-venv (Debian 13), or uv or pyenv."
    fi
}

install_requirements() {
    echo "environment: installing $requirements"
    : >"$unfinished"
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes --no-deps \
        --only-binary :all: -r "$requirements" >"$log" 2>&1 || fail_with_log "$requirements could not be installed"
    cp "$requirements" "$stamp"
    rm "$unfinished"
}

# The reference client runs from the tree, wherever the tree is moved.
install_cbln() {
    cat >"$venv/bin/cbln" <<'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/../..
PYTHONPATH=$root/clients/python${PYTHONPATH:+:$PYTHONPATH} exec "$root/.venv/bin/python" -P \
    -c "import sys; from cbln.cli import main; sys.exit(main())" "$@"
END
    chmod +x "$venv/bin/cbln"
}

if [ -e "$unfinished" ] || ! runs "$venv/bin/python" || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    make_venv
fi
cmp -s "$requirements" "$stamp" || install_requirements
[ -x "$venv/bin/cbln" ] || install_cbln
