import { Sandbox } from 'e2b'
import { readFileSync, readdirSync } from 'node:fs'
const L = process.argv[2], who = process.argv[3] ?? 'user'
const sbx = await Sandbox.create({timeoutMs: 300000})
const cg = ['/sys/fs/cgroup/memory','/sys/fs/cgroup/pids'].map(r => { const f=(d)=>{ for (const n of readdirSync(d,{withFileTypes:true})) if(n.isDirectory()){ if(n.name.includes(sbx.sandboxId)) return d+'/'+n.name; const r=f(d+'/'+n.name); if(r) return r } }; return f(r) })
const use = () => { try { return 'mem '+(readFileSync(cg[0]+'/memory.usage_in_bytes','utf8')/1e6|0)+'MB host tasks '+readFileSync(cg[1]+'/pids.current','utf8').trim() } catch(e) {return e.message} }
const run = async (c, o={}) => { const a=performance.now(); try { const r = await sbx.commands.run(c, {timeoutMs:30000, ...o}); return ((performance.now()-a)|0)+'ms '+r.stdout + (r.stderr ? '\n[err] ' + r.stderr.slice(0,300) : '') } catch (e) { return ((performance.now()-a)|0)+`ms !! ${e.constructor.name} ${e.message} ${e.stdout ?? ''} ${e.stderr?.slice(0,300) ?? ''}` } }
console.log(use(), cg)
const bomb = await sbx.commands.run(`ulimit -u ${L}; bomb() { bomb | bomb & }; bomb`, {background:true, timeoutMs: 0, user: who}).catch(e=>console.log(e))
for (let i=0;i<12;i++){ await new Promise(r=>setTimeout(r,1500)); const a=performance.now(); let m; try { m = await sbx.files.exists('/tmp') } catch(e){ m=e.message }; console.log(i,'files.exists',m,(performance.now()-a)|0,'ms', use()); }
console.log(await run('cat /proc/loadavg; ls /proc | grep -c "^[0-9]"; free -m', {user:'root'}))
console.log(await run('echo can I', {user:'user'}))
console.log(await run('pkill -9 -f bomb; sleep 1; pkill -9 -u user bash;  ls /proc | grep -c "^[0-9]"', {user:'root'}))
console.log(await run('echo alive'), use())
await sbx.kill()
