#!/bin/sh
# Installs portolan from the directory of this script: ./install.sh [--prefix DIR] [--uninstall]
# DIR is /usr/local by default; a prefix of your own, as $HOME/.local, needs no privileges.
set -eu

usage() {
    echo "usage: $0 [--prefix DIR] [--uninstall]" >&2
    exit 1
}

prefix=/usr/local
uninstall=false
while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -gt 1 ] || usage
            prefix=$2
            shift 2
            ;;
        --prefix=*)
            prefix=${1#--prefix=}
            shift
            ;;
        --uninstall)
            uninstall=true
            shift
            ;;
        *) usage ;;
    esac
done
case $prefix in
    /*) ;;
    *) prefix=$(pwd)/$prefix ;;
esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bash=$prefix/share/bash-completion/completions/portolan
zsh=$prefix/share/zsh/site-functions/_portolan
fish=$prefix/share/fish/vendor_completions.d/portolan.fish

if $uninstall; then
    rm -f "$prefix/bin/portolan" "$prefix/bin/docker-credential-portolan" "$bash" "$zsh" "$fish"
    rm -f "$prefix"/share/man/man1/portolan.1 "$prefix"/share/man/man1/portolan-*.1
    echo "portolan was removed from $prefix. Files of users stay."
    exit
fi

mkdir -p "$prefix/bin" "$prefix/share/man/man1" "${bash%/*}" "${zsh%/*}" "${fish%/*}"
# A running portolan keeps the file that it was started from: the new one takes its name in one step.
cp "$here/portolan" "$prefix/bin/.portolan.new"
chmod 755 "$prefix/bin/.portolan.new"
mv -f "$prefix/bin/.portolan.new" "$prefix/bin/portolan"
ln -sf portolan "$prefix/bin/docker-credential-portolan"
rm -f "$prefix"/share/man/man1/portolan.1 "$prefix"/share/man/man1/portolan-*.1
cp "$here"/man/*.1 "$prefix/share/man/man1/"
cp "$here/completions/portolan" "$bash"
cp "$here/completions/_portolan" "$zsh"
cp "$here/completions/portolan.fish" "$fish"
chmod 644 "$prefix"/share/man/man1/portolan*.1 "$bash" "$zsh" "$fish"

echo "portolan was installed in $prefix/bin."
case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) echo "Your PATH does not have it yet. Add to your shell's profile:
  export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
