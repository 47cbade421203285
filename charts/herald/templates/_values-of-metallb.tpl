{{- /* The values of MetalLB's chart that are accepted and left alone, one a line, with what takes their place. */}}
{{- define "herald.valuesLeftAlone" -}}
{{- $notes := list }}
{{- range $component := list "controller" "speaker" }}
{{- $values := get $.Values $component }}
{{- with $values.image }}
{{- $notes = append $notes (printf "%s.image: both processes run from image.repository" $component) }}
{{- end }}
{{- with $values.command }}
{{- $notes = append $notes (printf "%s.command: see %s.nodeFlags and %s.extraArgs" $component $component $component) }}
{{- end }}
{{- end }}
{{- $speaker := .Values.speaker }}
{{- with $speaker.memberlist }}
{{- $notes = append $notes (printf "speaker.memberlist: speakers watch each other over UDP port %v, speaker.liveness.port" $speaker.liveness.port) }}
{{- end }}
{{- with $speaker.secretName }}
{{- $notes = append $notes (printf "speaker.secretName: the key of the liveness packets is in the Secret %s, speaker.liveness.secretName" $speaker.liveness.secretName) }}
{{- end }}
{{- $bgp := "BGP and BFD are part of the speaker, there is no FRR to set up" }}
{{- range $name := list "frr" "reloader" "frrMetrics" "initContainers" "bgpDebounceTimeout" }}
{{- if get $speaker $name }}
{{- $notes = append $notes (printf "speaker.%s: %s" $name $bgp) }}
{{- end }}
{{- end }}
{{- with $speaker.wanConfig }}
{{- $notes = append $notes "speaker.wanConfig: see speaker.liveness.intervalMilliseconds and multiplier" }}
{{- end }}
{{- range $name := list "frrk8s" "frr-k8s" }}
{{- if get $.Values $name }}
{{- $notes = append $notes (printf "%s: %s" $name $bgp) }}
{{- end }}
{{- end }}
{{- join "\n" $notes }}
{{- end }}

{{- /* A value that would be missed: the pools in it would be lost without a word. */}}
{{- define "herald.refuseValues" -}}
{{- if .Values.configInline }}
{{- fail "configInline: pools and peers are objects of the API (IPAddressPool, L2Advertisement, BGPPeer …), as in MetalLB since 0.13; take it out of the values" }}
{{- end }}
{{- end }}
