// What gophercloud makes of the Compute API's images, as rancher/machine uses it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/images"
	"github.com/gophercloud/gophercloud/pagination"
)

type plan struct {
	Filters []struct {
		Step  string
		Query map[string]string
	}
	Page             int
	Snapshot, Locked string
	Offered, Strange string
	Absent           string
}

// The library's own image, under the names that the Compute API has for its fields.
type fields struct {
	ID       string                 `json:"id"`
	Name     string                 `json:"name"`
	Status   string                 `json:"status"`
	Progress int                    `json:"progress"`
	MinRAM   int                    `json:"minRam"`
	MinDisk  int                    `json:"minDisk"`
	Created  string                 `json:"created"`
	Updated  string                 `json:"updated"`
	Metadata map[string]interface{} `json:"metadata"`
}

func fieldsOf(image images.Image) fields {
	return fields{
		image.ID, image.Name, image.Status, image.Progress, image.MinRAM, image.MinDisk,
		image.Created, image.Updated, image.Metadata,
	}
}

func allFieldsOf(found []images.Image) []fields {
	all := []fields{}
	for _, image := range found {
		all = append(all, fieldsOf(image))
	}
	return all
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tell(step string, result interface{}) {
	must(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"step": step, "result": result}))
}

// list reads every page. It also says how many there were.
func list(compute *gophercloud.ServiceClient, opts images.ListOpts) ([]images.Image, []int) {
	all, sizes := []images.Image{}, []int{}
	err := images.ListDetail(compute, opts).EachPage(func(page pagination.Page) (bool, error) {
		found, err := images.ExtractImages(page)
		all, sizes = append(all, found...), append(sizes, len(found))
		return true, err
	})
	must(err)
	return all, sizes
}

func ids(compute *gophercloud.ServiceClient, opts images.ListOpts) []string {
	found, _ := list(compute, opts)
	ids := []string{}
	for _, image := range found {
		ids = append(ids, image.ID)
	}
	return ids
}

// refusal names the kind of error that the library made of an answer, and the answer's body.
func refusal(err error) interface{} {
	var missing gophercloud.ErrDefault404
	var forbidden gophercloud.ErrDefault403
	var bad gophercloud.ErrDefault400
	switch {
	case errors.As(err, &missing):
		return []string{"404", string(missing.Body)}
	case errors.As(err, &forbidden):
		return []string{"403", string(forbidden.Body)}
	case errors.As(err, &bad):
		return []string{"400", string(bad.Body)}
	}
	return fmt.Sprint(err)
}

func main() {
	var p plan
	must(json.Unmarshal([]byte(os.Args[1]), &p))
	auth, err := openstack.AuthOptionsFromEnv()
	must(err)
	provider, err := openstack.AuthenticatedClient(auth)
	must(err)
	compute, err := openstack.NewComputeV2(provider, gophercloud.EndpointOpts{
		Region: os.Getenv("OS_REGION_NAME"),
	})
	must(err)

	all, sizes := list(compute, images.ListOpts{})
	tell("list", allFieldsOf(all))
	tell("list's pages", sizes)
	for _, filter := range p.Filters {
		q := filter.Query
		if q["minRam"] != "" || q["minDisk"] != "" {
			continue // the library has no field for them
		}
		tell(filter.Step, ids(compute, images.ListOpts{
			Name: q["name"], Status: q["status"], Server: q["server"], Type: q["type"],
			ChangesSince: q["changes-since"],
		}))
	}
	all, sizes = list(compute, images.ListOpts{Limit: p.Page})
	tell("sizes of linked pages", sizes)
	tell("linked pages", allFieldsOf(all))
	tell("linked filtered pages", ids(compute, images.ListOpts{Limit: p.Page, Status: "ACTIVE"}))
	tell("from a marker", ids(compute, images.ListOpts{Marker: p.Snapshot}))
	_, err = images.ListDetail(compute, images.ListOpts{Marker: p.Absent}).AllPages()
	tell("absent marker", refusal(err))

	snapshot, err := images.Get(compute, p.Snapshot).Extract()
	must(err)
	tell("show", fieldsOf(*snapshot))
	offered, err := images.Get(compute, p.Offered).Extract()
	must(err)
	tell("show offered", offered.ID)
	tell("show strange", refusal(images.Get(compute, p.Strange).Err))

	tell("delete locked", refusal(images.Delete(compute, p.Locked).ExtractErr()))
	must(images.Delete(compute, p.Snapshot).ExtractErr())
	tell("show deleted", refusal(images.Get(compute, p.Snapshot).Err))
	tell("delete deleted", refusal(images.Delete(compute, p.Snapshot).ExtractErr()))
	tell("list after", ids(compute, images.ListOpts{}))
}
