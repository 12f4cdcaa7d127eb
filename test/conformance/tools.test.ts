import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await Sandbox.create()
})
afterAll(() => sandbox.kill())

/** Runs a script that ends at its first failure; its servers end with it. */
async function script(lines: string): Promise<string> {
  await sandbox.files.write('script.sh', `set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${lines}`)
  // A failure shows what the tools said, and not an exit status.
  const { stdout } = await sandbox.commands.run('bash script.sh 2>&1 || echo failed: $?', { timeoutMs: 100_000 })
  return stdout
}

const AWAIT = 'until nc -z 127.0.0.1 $PORT; do sleep 0.1; done'

describe('git', () => {
  beforeAll(async () => {
    await script(`
      git config --global user.name t; git config --global user.email t@t; git config --global init.defaultBranch main
      git config --global --add safe.directory '*'
      mkdir -p srv; git init -q --bare srv/repo.git; git -C srv/repo.git config http.receivepack true
      git init -q first; cd first; for i in $(seq 300); do echo $i > f$i; done; git add .; git commit -qm one
      git push -q ../srv/repo.git main`)
  })

  it('clones, pushes and fetches over http', async () => {
    const backend = '#!/bin/sh\nGIT_PROJECT_ROOT=/home/user/srv GIT_HTTP_EXPORT_ALL=1 exec git http-backend\n'
    await sandbox.files.write('web/cgi-bin/git', backend)
    const out = await script(`
      PORT=8001; chmod +x web/cgi-bin/git; (cd web; exec python3 -m http.server --cgi --bind 127.0.0.1 $PORT) > /tmp/cgi.log 2>&1 & ${AWAIT}
      git clone -q http://127.0.0.1:$PORT/cgi-bin/git/repo.git http; cd http; ls | wc -l
      echo new > pushed; git add .; git commit -qm two; git push -q; git fetch -q; git -C ../srv/repo.git log --format=%s main`)
    expect(out).toBe('300\ntwo\none\n')
  })

  it('clones and pushes through git daemon', async () => {
    const out = await script(`
      PORT=9418; git daemon --base-path=/home/user/srv --export-all --enable=receive-pack --listen=127.0.0.1 --reuseaddr 2> /dev/null & ${AWAIT}
      git clone -q git://127.0.0.1/repo.git daemon; cd daemon
      git commit -q --allow-empty -m three; git push -q; git -C ../srv/repo.git log -1 --format=%s main`)
    expect(out).toBe('three\n')
  })
})

it('pip installs from an index and from a folder', async () => {
  await sandbox.files.writeFiles([
    {
      path: 'py/setup.py',
      data: "from setuptools import setup\nsetup(name='drowse-sample', version='1.2', py_modules=['sample'])\n",
    },
    { path: 'py/sample.py', data: "print('from pip')\n" },
  ])
  const out = await script(`
    mkdir -p index/drowse-sample; pip wheel -q --no-index --no-build-isolation --no-deps -w index/drowse-sample ./py
    PORT=8002; python3 -m http.server --bind 127.0.0.1 -d index $PORT > /dev/null 2>&1 & ${AWAIT}
    pip install -q --no-warn-script-location --index-url http://127.0.0.1:$PORT drowse-sample
    cd /; python3 -m sample; pip uninstall -qy drowse-sample; cd
    python3 -m venv --system-site-packages venv; venv/bin/pip install -q --no-index --no-build-isolation ./py; cd /; ~/venv/bin/python -m sample`)
  expect(out).toBe('from pip\nfrom pip\n')
})

it('npm installs a packed package with its program', async () => {
  const manifest = {
    name: 'sample',
    version: '1.0.0',
    bin: { sample: 'bin.js' },
    scripts: { install: 'echo ran > ran' },
  }
  await sandbox.files.writeFiles([
    { path: 'js/package.json', data: JSON.stringify(manifest) },
    { path: 'js/bin.js', data: "#!/usr/bin/env node\nconsole.log('from npm')\n" },
  ])
  const out = await script(`
    cd js; npm pack -s > /dev/null; mkdir -p ../app; cd ../app; npm init -y > /dev/null
    npm i -s --offline --no-audit --no-fund ../js/sample-1.0.0.tgz; npx --offline sample; node -p 'require("./package.json").dependencies.sample'`)
  expect(out).toBe('from npm\nfile:../js/sample-1.0.0.tgz\n')
})

it('sudo apt-get installs from a repository, with the scripts of its package', async () => {
  const control =
    'Package: drowse-hello\nVersion: 1.0\nArchitecture: all\nMaintainer: t <t@t>\nDepends: bash\nDescription: says hello\n'
  await sandbox.files.writeFiles([
    { path: 'deb/DEBIAN/control', data: control },
    {
      path: 'deb/DEBIAN/postinst',
      data: '#!/bin/sh\nset -e\nuseradd --system hello\nchown hello /usr/bin/drowse-hello\n',
    },
    { path: 'deb/usr/bin/drowse-hello', data: '#!/bin/sh\necho from apt\n' },
  ])
  const out = await script(`
    chmod 755 deb/DEBIAN/postinst deb/usr/bin/drowse-hello; mkdir -p repo; dpkg-deb --root-owner-group -b deb repo/drowse-hello.deb > /dev/null
    (cd repo; dpkg-scanpackages . 2>/dev/null > Packages)
    echo 'deb [trusted=yes] file:/home/user/repo ./' > local.list
    only="-o Dir::Etc::sourcelist=/home/user/local.list -o Dir::Etc::sourceparts=-"
    sudo apt-get $only -qq update > apt.log 2>&1; sudo apt-get $only -qq install -y drowse-hello >> apt.log 2>&1 || { cat apt.log; exit 1; }
    drowse-hello; stat -c %U /usr/bin/drowse-hello; sudo apt-get -qq remove -y drowse-hello > /dev/null 2>&1; test ! -e /usr/bin/drowse-hello`)
  expect(out).toBe('from apt\nhello\n')
})
