// Compiles the seccomp filters of gVisor's Sentry ahead and puts them into its source, as the build of its releases does. Without them each
// Sentry compiles its own while it starts, which is a good part of every create and restore.
//
// Arguments: the file of gVisor that registers such filters, which is read and then replaced.
package main

import (
	"fmt"
	"os"
	"strings"

	"gvisor.dev/gvisor/runsc/boot/filter/config"
)

// Where the file of gVisor takes entries.
const registry = "programs := make(map[string]precompiledseccomp.Program)\n"

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.Count(string(source), registry) != 1 {
		return fmt.Errorf("there is no place for filters in %s", path)
	}
	programs, err := config.PrecompiledPrograms()
	if err != nil {
		return err
	}
	var entries strings.Builder
	for _, program := range programs {
		// Of the platforms and devices only what sandboxes are started with.
		if strings.Contains(program.Name, `Platform="systrap"`) && strings.Contains(program.Name, "NVProxy=false") {
			fmt.Fprintf(&entries, "\tprograms[%q] = %s\n", program.Name, program.Expr("\t", "precompiledseccomp"))
		}
	}
	if entries.Len() == 0 {
		return fmt.Errorf("gVisor has no filters for systrap any more")
	}
	text := strings.Replace(string(source), registry, registry+entries.String(), 1)
	return os.WriteFile(path, []byte(text), 0o600)
}
