package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
)

// schemaVersion grows with a change that a program may trip over which reads the JSON of
// the version before; TestSchema finds such a change.
const schemaVersion = 1

// printedJSON is what each command prints with --json: a value of one of these types.
var printedJSON = map[string][]any{
	"backup add":      {recordJSON{}},
	"backup generate": {generatedJSON{}, issuedJSON{}},
	"backup list":     {[]recordJSON{}},
	"backup redeem":   {redeemedJSON{}, issuedJSON{}},
	"backup status":   {[]findingJSON{}},
	"backup use":      {usedJSON{}},
	"backup where":    {serviceJSON{}},
	"code":            {[]codeJSON{}, codeJSON{}},
	"compare":         {compareJSON{}},
	"config":          {configJSON{}},
	"delete":          {accountJSON{}},
	"doctor":          {doctorJSON{}},
	"enroll":          {[]enrolledJSON{}},
	"import":          {importJSON{}},
	"keys":            {[]keyJSON{}},
	"list":            {[]accountJSON{}},
	"rename":          {accountJSON{}},
	"restore":         {restoreJSON{}},
	"sheet":           {sheetJSON{}},
	"sheet verify":    {verificationJSON{}},
	"sync":            {syncJSON{}},
	"vault status":    {vaultJSON{}},
}

// A schema is one in the sense of JSON Schema, draft 2020-12, or a part of one.
type schema = map[string]any

// A schemaWriter derives a schema from Go's types. One that is closed allows no field that
// it does not know: for what this version of tokenctl prints, while programs are to expect
// more.
type schemaWriter struct {
	closed bool
	defs   schema
}

// newSchema describes what all commands print: each in $defs, by the name of its manual
// page.
func newSchema(closed bool) schema {
	w := schemaWriter{closed: closed, defs: schema{}}
	for command, values := range printedJSON {
		var kinds []any
		for _, v := range values {
			kinds = append(kinds, w.describe(reflect.TypeOf(v)))
		}
		printed := kinds[0]
		if len(kinds) > 1 {
			printed = schema{"anyOf": kinds}
		}
		w.defs[schemaName(command)] = printed
	}
	return schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     fmt.Sprintf("urn:tokenctl:json:%d", schemaVersion),
		"title":   "What tokenctl prints with --json",
		"$comment": "Each command is in $defs: tokenctl-backup-list is what \"tokenctl backup list --json\" prints. " +
			"docs/json.md says what the fields mean, and what may change.",
		"$defs": w.defs,
	}
}

func schemaName(command string) string {
	return "tokenctl-" + strings.ReplaceAll(command, " ", "-")
}

// describe returns the schema of a type; that of a struct is put among the definitions.
func (w schemaWriter) describe(t reflect.Type) schema {
	switch {
	case t.Kind() == reflect.Pointer:
		return w.describe(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Slice:
		return schema{"type": "array", "items": w.describe(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": w.describe(t.Elem())}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Uint32:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Struct:
		name := strings.TrimSuffix(t.Name(), "JSON")
		if _, known := w.defs[name]; !known {
			w.defs[name] = w.object(t)
		}
		return schema{"$ref": "#/$defs/" + name}
	}
	panic(fmt.Sprintf("%v in JSON", t))
}

func (w schemaWriter) object(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous { // whose fields are visible themselves
			continue
		}
		properties[name] = w.describe(f.Type)
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	object := schema{"type": "object", "properties": properties, "required": required}
	if w.closed {
		object["additionalProperties"] = false
	}
	return object
}

// TestSchema compares the schema with the types that commands print. Written anew, it
// keeps what it promised.
func TestSchema(t *testing.T) {
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		command := strings.TrimPrefix(c.CommandPath(), "tokenctl ")
		if _, known := printedJSON[command]; known != (c.Flags().Lookup("json") != nil) {
			t.Errorf("%s: has --json or is in printedJSON, and not both", command)
		}
	})
	path := fmt.Sprintf("../../docs/tokenctl-%d.schema.json", schemaVersion)
	want, err := json.MarshalIndent(newSchema(false), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	got, err := os.ReadFile(path)
	if err == nil {
		if broken := brokenPromise(parseJSON(t, got), parseJSON(t, want)); broken != "" {
			t.Fatalf("%s promised %s: raise schemaVersion, and write a new one", path, broken)
		}
	} else if !*update {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the commands print; go test -run Schema -update writes it anew", path)
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

func parseJSON(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// brokenPromise returns where a schema holds less than an earlier one, or nothing: it may
// have more definitions, fields, and fields that are required, and is the same otherwise.
func brokenPromise(earlier, later any) (at string) {
	switch earlier := earlier.(type) {
	case map[string]any:
		later, _ := later.(map[string]any)
		for name, was := range earlier {
			is := later[name]
			if list, grows := was.([]any); grows && name == "required" {
				is, _ := is.([]any)
				for _, field := range list {
					if !slices.Contains(is, field) {
						return fmt.Sprintf("required/%v", field)
					}
				}
			} else if broken := brokenPromise(was, is); broken != "" && name != "$comment" && name != "title" {
				return strings.TrimSuffix(name+"/"+broken, "/.")
			}
		}
	default:
		if !reflect.DeepEqual(earlier, later) {
			return "."
		}
	}
	return ""
}

func TestBrokenPromise(t *testing.T) {
	const earlier = `{"$comment": "old", "$defs": {"a": {"properties": {"x": {"type": "string"}, "y": {"type": "integer"}}, "required": ["x"]}, "b": {"anyOf": [1, 2]}}}`
	for _, test := range []struct{ old, new, broken string }{
		{``, ``, ""},
		{`"old"`, `"new"`, ""},
		{`"required": ["x"]`, `"required": ["y", "x"]`, ""},
		{`{"x": {"type": "string"}, `, `{"z": {}, "x": {"type": "string"}, `, ""},
		{`{"x": {"type": "string"}, `, `{`, "$defs/a/properties/x/type"},
		{`"integer"`, `"number"`, "$defs/a/properties/y/type"},
		{`"required": ["x"]`, `"required": ["y"]`, "$defs/a/required/x"},
		{`, "required": ["x"]`, ``, "$defs/a/required/x"},
		{`[1, 2]`, `[1, 2, 3]`, "$defs/b/anyOf"},
	} {
		later := strings.Replace(earlier, test.old, test.new, 1)
		if broken := brokenPromise(parseJSON(t, []byte(earlier)), parseJSON(t, []byte(later))); broken != test.broken {
			t.Errorf("%s\nbreaks %q, want %q", later, broken, test.broken)
		}
	}
}

// closedSchema returns a function that finds what a command prints in the closed schema.
var closedSchema = sync.OnceValue(func() func(name string) (*jsonschema.Schema, error) {
	const url = "urn:tokenctl:closed"
	text, err := json.Marshal(newSchema(true))
	if err != nil {
		panic(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	delete(document.(map[string]any), "$id")
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(url, document); err != nil {
		panic(err)
	}
	return func(name string) (*jsonschema.Schema, error) { return compiler.Compile(url + "#/$defs/" + name) }
})

// checkJSON makes sure that what a command line printed, if anything, is as the schema has
// it, without a field more.
func checkJSON(args []string, printed []byte) error {
	if len(printed) == 0 {
		return nil
	}
	c, _, err := newRootCommand(&program{}).Find(args)
	if err != nil {
		return err
	}
	of, err := closedSchema()(schemaName(strings.TrimPrefix(c.CommandPath(), "tokenctl ")))
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(printed))
	if err != nil {
		return err
	}
	return of.Validate(v)
}

// TestCheckJSON makes sure that checkJSON finds what is wrong.
func TestCheckJSON(t *testing.T) {
	for _, test := range []struct {
		command, printed string
		fits             bool
	}{
		{"list", `[]`, true},
		{"list", ``, true},
		{"list", `null`, false},
		{"list", `[] []`, false},
		{"list", `[{"id": "A:a", "name": "a", "type": "totp", "touch": false}]`, true},
		{"list", `[{"id": "A:a", "name": "a", "type": "totp"}]`, false},
		{"list", `[{"id": "A:a", "name": "a", "type": "totp", "touch": false, "more": 1}]`, false},
		{"list", `[{"id": "A:a", "name": "a", "type": "totp", "touch": false, "digits": "6"}]`, false},
		{"code", `[{"id": "A:a", "name": "a", "type": "totp", "touch": false, "valid_from": "2026-01-31T12:00:00Z"}]`, true},
		{"code", `{"id": "A:a", "name": "a", "type": "totp", "touch": false, "valid_from": "noon"}`, false},
		{"compare", `{"tokens": [], "accounts": [{"id": "a", "result": "same", "same": [["vault"]], "digits": {"vault": 6}}]}`, true},
		{"compare", `{"tokens": [], "accounts": [{"id": "a", "result": "same", "same": [], "digits": {"vault": "6"}}]}`, false},
	} {
		if err := checkJSON([]string{test.command, "--json"}, []byte(test.printed)); (err == nil) != test.fits {
			t.Errorf("%s prints %s: %v", test.command, test.printed, err)
		}
	}
}
