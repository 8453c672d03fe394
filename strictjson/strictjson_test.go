package strictjson_test

import (
	"strings"
	"testing"

	"ennakko/fault"
	"ennakko/strictjson"
)

type row struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
}

func TestWhatIsWholeIsRead(t *testing.T) {
	var r row
	if err := strictjson.Read([]byte(` {"n": 9007199254740993, "name": "ä"} `), &r); err != nil || r.N != 9007199254740993 || r.Name != "ä" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestTheFaultTellsThePlaceAndNeverWhatStoodThere(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"name":"010190-999R","name":"x"}`, "a name stands twice"},
		{`{"name":"010190-999R","code":1}`, "a name is not known"},
		{`{"Name":"010190-999R"}`, "a name is not known"},
		{`{"name":"010190-999R"`, "not whole"},
		{`{"name":"010190-999R"} {}`, "not JSON"},
		{`{"name":"010190-999R","n":"010190-999R"}`, "another kind"},
		{`{"n":1.5,"name":"010190-999R"}`, "another kind"},
		{"{\"name\":\"010190-999R\xff\"}", "not JSON"},
		{``, "not whole"},
		{`010190-999R`, "another kind"},
	} {
		var r row
		err := strictjson.Read([]byte(tt.in), &r)
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "0190") {
			t.Errorf("%s: %v", tt.in, err)
		}
	}
}
