package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestAdviceCanBeTyped takes every command line that the program advises, in remedies,
// notes and help, and checks that there is such a command, that it has these flags, and
// that it takes so many arguments. What is in capitals is for the reader to fill in.
func TestAdviceCanBeTyped(t *testing.T) {
	checked := 0
	for _, pattern := range []string{"*.go", "*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if text, ok := adviceOf(n); ok {
					for line := range strings.Lines(text) {
						for _, rest := range strings.Split(line, "tokenctl ")[1:] {
							checkAdvice(t, file, rest, &checked)
						}
					}
					return false
				}
				return true
			})
		}
	}
	if checked < 50 {
		t.Errorf("found %d pieces of advice only", checked)
	}
}

// adviceOf returns a string that is written as one or several joined literals, or as
// what term.Command makes of them.
func adviceOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Command" && len(n.Args) > 0 {
			text, ok := adviceOf(n.Args[0])
			return text + " NAME", ok
		}
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return text, err == nil && n.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := adviceOf(n.X)
		if right, also := adviceOf(n.Y); also {
			return left + right, ok && n.Op == token.ADD
		}
		return left + "NAME", ok && n.Op == token.ADD // what is joined to it is filled in
	}
	return "", false
}

var toFillIn = regexp.MustCompile(`^([0-9]{8}|GitHub:alice|'.*'|"?[A-Z][A-Z-]+"?|%[sdq]|-|[^ ]+\.(png|pdf|txt|json|2fas)|github|twitter|aws|bash|fish)$`)

// checkAdvice checks what follows the program's name, up to a word that is prose.
func checkAdvice(t *testing.T, file, text string, checked *int) {
	c := newRootCommand(&program{})
	words := strings.Fields(text)
	var args []string
	ended, named := false, false // which is said of a command in quotation marks
	next := func() string {
		word := strings.TrimRight(words[0], ".,;:)\"")
		ended, named = word != words[0], strings.HasSuffix(words[0], `"`)
		words = words[1:]
		return word
	}
	for len(words) > 0 && !ended {
		sub, _, err := c.Find([]string{strings.TrimRight(words[0], ".,;:)\"")})
		if err != nil || sub == c {
			break
		}
		c = sub
		next()
	}
	if !c.HasParent() || !c.Runnable() { // the program's name, or a group
		return
	}
	for len(words) > 0 && !ended {
		flag, isFlag := strings.CutPrefix(strings.TrimRight(words[0], ".,;:)"), "--")
		switch {
		case isFlag:
			next()
			f := c.Flag(strings.SplitN(flag, "=", 2)[0])
			if f == nil && flag != "help" {
				t.Errorf("%s: %s has no --%s", file, c.CommandPath(), flag)
			} else if f != nil && f.NoOptDefVal == "" && len(words) > 0 && !ended {
				next() // its value
			}
		case toFillIn.MatchString(strings.TrimRight(words[0], ".,;:)")):
			args = append(args, next())
		default:
			ended = true
		}
	}
	*checked++
	if needsFile := strings.Contains(c.Use, "SCAN..."); needsFile && len(args) == 0 && !named && !strings.Contains(text, "--type") {
		t.Errorf("%s: tokenctl %s: it needs an argument", file, text)
	}
	if err := c.ValidateArgs(args); err != nil {
		t.Errorf("%s: tokenctl %s: %v", file, text, err)
	}
}
