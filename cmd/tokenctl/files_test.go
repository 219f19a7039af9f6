package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// largestCycle is how many files may refer to each other in a circle. Who wants to
// understand one of them has to read all.
const largestCycle = 8

// TestFileCycles follows the references between files: from one that uses a
// function, a type, a variable, a constant or a method to the one that declares it.
func TestFileCycles(t *testing.T) {
	references := fileReferences(t)
	var files []string
	edges := 0
	for file, to := range references {
		files = append(files, file)
		edges += len(to)
	}
	slices.Sort(files)
	var largest []string
	for _, file := range files {
		forth := reachable(references, file)
		circle := slices.DeleteFunc(slices.Clone(files), func(other string) bool {
			return !forth[other] || !reachable(references, other)[file]
		})
		if len(circle) > len(largest) {
			largest = circle
		}
	}
	t.Logf("%d files, %d references from one to another, %d files in the largest circle", len(files), edges, len(largest))
	if len(largest) > largestCycle {
		t.Errorf("%d files refer to each other in a circle, more than %d: %s", len(largest), largestCycle, strings.Join(largest, " "))
	}
}

// reachable returns the files that one leads to, by any number of references.
func reachable(references map[string]map[string]bool, from string) map[string]bool {
	reached := make(map[string]bool)
	for next := []string{from}; len(next) > 0; next = next[1:] {
		for to := range references[next[0]] {
			if !reached[to] {
				reached[to] = true
				next = append(next, to)
			}
		}
	}
	return reached
}

// fileReferences returns which files each file of this package refers to, itself
// aside, as it is built here.
func fileReferences(t *testing.T) map[string]map[string]bool {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	references := make(map[string]map[string]bool)
	for name := range strings.FieldsSeq(goList(t, "-f", "{{join .GoFiles \" \"}}")) {
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		references[name] = make(map[string]bool)
	}
	exports := make(map[string]string) // by import path, what the compiler left
	for line := range strings.Lines(goList(t, "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}")) {
		path, export, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = export
	}
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	pkg, err := (&types.Config{Importer: imports}).Check("main", fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	for identifier, object := range info.Uses {
		if object.Pkg() != pkg || object.Parent() != pkg.Scope() && !isMethod(object) {
			continue
		}
		from, to := fset.Position(identifier.Pos()).Filename, fset.Position(object.Pos()).Filename
		if from != to {
			references[from][to] = true
		}
	}
	return references
}

// isMethod reports whether an object is declared alone, as a method of a type,
// and not within an interface.
func isMethod(object types.Object) bool {
	method, ok := object.(*types.Func)
	if !ok || method.Signature().Recv() == nil {
		return false
	}
	return !types.IsInterface(method.Signature().Recv().Type())
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command("go", append([]string{"list"}, args...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
