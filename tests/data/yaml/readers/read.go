// Reads files as Apptainer does, and prints the texts of each as JSON, one file a line; with how it would be written.
package main

import (
	"bytes"
	"encoding/json"
	"os"

	yaml "gopkg.in/yaml.v2"
)

type keyserver struct {
	URI      string `yaml:"URI"`
	Skip     bool   `yaml:"Skip"`
	External bool   `yaml:"External"`
	Insecure bool   `yaml:"Insecure"`
}

type remote struct {
	URI        string       `yaml:"URI,omitempty"`
	Token      string       `yaml:"Token,omitempty"`
	System     bool         `yaml:"System"`
	Exclusive  bool         `yaml:"Exclusive"`
	Insecure   bool         `yaml:"Insecure,omitempty"`
	Keyservers []*keyserver `yaml:"Keyservers,omitempty"`
}

type login struct {
	URI      string `yaml:"URI"`
	Auth     string `yaml:"Auth,omitempty"`
	Insecure bool   `yaml:"Insecure"`
}

type config struct {
	Active      string             `yaml:"Active"`
	Remotes     map[string]*remote `yaml:"Remotes"`
	Credentials []*login           `yaml:"Credentials,omitempty"`
}

type answer struct {
	Texts   []string `json:"texts"`
	Written string   `json:"written"`
}

func orPanic(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	output := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		orPanic(err)
		var file config
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		decoder.SetStrict(true)
		orPanic(decoder.Decode(&file))
		written, err := yaml.Marshal(&file)
		orPanic(err)
		texts := []string{file.Active}
		for name, entry := range file.Remotes {
			texts = append(texts, name, entry.URI, entry.Token)
		}
		for _, entry := range file.Credentials {
			texts = append(texts, entry.URI, entry.Auth)
		}
		orPanic(output.Encode(answer{texts, string(written)}))
	}
}
