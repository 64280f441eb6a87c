package manifests

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// virtualMachine stands in for VirtualMachine of kubevirt.io/v1.
type virtualMachine struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		RunStrategy         string       `json:"runStrategy"`
		DataVolumeTemplates []dataVolume `json:"dataVolumeTemplates"`
		Template            struct {
			Spec machineSpec `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type machineSpec struct {
	Domain struct {
		CPU struct {
			Cores uint32 `json:"cores"`
		} `json:"cpu"`
		Memory struct {
			Guest resource.Quantity `json:"guest"`
		} `json:"memory"`
		Devices struct {
			Disks []struct {
				Name string `json:"name"`
				Disk struct {
					Bus string `json:"bus"`
				} `json:"disk"`
				CDRom struct {
					Bus string `json:"bus"`
				} `json:"cdrom"`
			} `json:"disks"`
		} `json:"devices"`
	} `json:"domain"`
	Volumes []struct {
		Name       string `json:"name"`
		DataVolume struct {
			Name string `json:"name"`
		} `json:"dataVolume"`
		Sysprep struct {
			Secret corev1.LocalObjectReference `json:"secret"`
		} `json:"sysprep"`
	} `json:"volumes"`
}

// dataVolume stands in for DataVolume of cdi.kubevirt.io/v1beta1, as a template of a machine.
type dataVolume struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Source struct {
			PVC struct {
				Namespace string `json:"namespace"`
				Name      string `json:"name"`
			} `json:"pvc"`
		} `json:"source"`
		Storage struct {
			AccessModes []corev1.PersistentVolumeAccessMode `json:"accessModes"`
			VolumeMode  corev1.PersistentVolumeMode         `json:"volumeMode"`
			Resources   corev1.VolumeResourceRequirements   `json:"resources"`
		} `json:"storage"`
	} `json:"spec"`
}
