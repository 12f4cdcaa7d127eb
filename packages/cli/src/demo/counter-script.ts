/** Where the counter answers inside the sandbox. */
export const COUNTER_PIPE = '/tmp/counter'

/** A Python program that counts in a variable and nowhere else, and gives its pid and the count to whoever reads its pipe. */
export const COUNTER_SCRIPT = `import os, threading, time

count = 0

def tick():
    global count
    while True:
        time.sleep(0.01)
        count += 1

threading.Thread(target=tick, daemon=True).start()
os.mkfifo('${COUNTER_PIPE}')
while True:
    with open('${COUNTER_PIPE}', 'w') as pipe:
        pipe.write(f'{os.getpid()} {count}\\n')
    time.sleep(0.05)
`

/** One answer of the counter. */
export interface CounterReading {
  pid: number
  count: number
}

/** Reads the counter's answer `<pid> <count>`. Throws when it is something else. */
export function parseReading(text: string): CounterReading {
  const [, pid, count] = /^(\d+) (\d+)\s*$/.exec(text) ?? []
  if (pid === undefined || count === undefined) throw new Error(`the counter answered ${JSON.stringify(text)}`)
  return { pid: Number(pid), count: Number(count) }
}
