"""The Kubernetes objects that the example uses, as the API reference describes them: a strict check of fields and types.

The API server rejects a field that it does not know (`--validate=strict`, kubectl's default). Here, a name with `!` is
required; a list has one type for all its elements, and `{str: …}` is a map with any keys.
"""

import re

STRINGS = {str: str}
QUANTITIES = {str: re.compile(r"[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")}
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DURATION = re.compile(r"([0-9]+(ms|s|m|h|d))+")
PORT = (int, NAME)

METADATA = {"name!": NAME, "namespace": NAME, "labels": STRINGS, "annotations": STRINGS}
TEMPLATE_METADATA = {"labels": STRINGS, "annotations": STRINGS}
SELECTOR = {"matchLabels!": STRINGS}

PROBE = {
    "httpGet!": {"path": str, "port!": PORT, "scheme": str},
    "initialDelaySeconds": int,
    "periodSeconds": int,
    "timeoutSeconds": int,
    "failureThreshold": int,
}
CONTAINER = {
    "name!": NAME,
    "image!": str,
    "command": [str],
    "args": [str],
    "env": [
        {
            "name!": str,
            "value": str,
            "valueFrom": {
                "fieldRef": {"fieldPath!": re.compile(r"metadata\.(name|namespace|uid)|spec\.nodeName|status\.podIP")},
                "secretKeyRef": {"name!": NAME, "key!": str, "optional": bool},
            },
        }
    ],
    "ports": [{"name": NAME, "containerPort!": int, "protocol": str}],
    "readinessProbe": PROBE,
    "livenessProbe": PROBE,
    "resources": {"requests": QUANTITIES, "limits": QUANTITIES},
    "securityContext": {
        "allowPrivilegeEscalation": bool,
        "readOnlyRootFilesystem": bool,
        "capabilities": {"add": [str], "drop": [str]},
        "runAsUser": int,
        "runAsGroup": int,
        "runAsNonRoot": bool,
    },
    "volumeMounts": [{"name!": NAME, "mountPath!": re.compile(r"/[^:]+"), "readOnly": bool, "subPath": str}],
}
# Since 1.28 (a sidecar); no other value is allowed there.
INIT_CONTAINER = {**CONTAINER, "restartPolicy": re.compile("Always")}
POD = {
    "restartPolicy": re.compile("Always|OnFailure|Never"),
    "terminationGracePeriodSeconds": int,
    "automountServiceAccountToken": bool,
    "securityContext": {
        "runAsNonRoot": bool,
        "runAsUser": int,
        "runAsGroup": int,
        "fsGroup": int,
        "seccompProfile": {"type!": re.compile("RuntimeDefault|Unconfined")},
    },
    "initContainers": [INIT_CONTAINER],
    "containers!": [CONTAINER],
    "volumes": [
        {
            "name!": NAME,
            "emptyDir": {"sizeLimit": QUANTITIES[str], "medium": str},
            "persistentVolumeClaim": {"claimName!": NAME, "readOnly": bool},
        }
    ],
}
POD_TEMPLATE = {"metadata": TEMPLATE_METADATA, "spec!": POD}

SPECS = {
    ("v1", "PersistentVolumeClaim"): {
        "accessModes!": [re.compile("ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod")],
        "resources!": {"requests!": QUANTITIES},
        "storageClassName": str,
    },
    ("v1", "Service"): {
        "selector": STRINGS,
        "type": str,
        "ports!": [{"name": NAME, "port!": int, "targetPort": PORT, "protocol": str}],
    },
    ("apps/v1", "Deployment"): {
        "replicas": int,
        "strategy": {"type": re.compile("Recreate|RollingUpdate")},
        "selector!": SELECTOR,
        "template!": POD_TEMPLATE,
    },
    ("batch/v1", "CronJob"): {
        "schedule!": str,
        "timeZone": str,
        "concurrencyPolicy": re.compile("Allow|Forbid|Replace"),
        "startingDeadlineSeconds": int,
        "jobTemplate!": {
            "metadata": TEMPLATE_METADATA,
            "spec!": {"backoffLimit": int, "activeDeadlineSeconds": int, "template!": POD_TEMPLATE},
        },
    },
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {
        "selector!": SELECTOR,
        "endpoints!": [{"port": str, "honorLabels": bool, "interval": DURATION, "path": str}],
    },
    ("monitoring.coreos.com/v1", "PrometheusRule"): {
        "groups!": [
            {
                "name!": str,
                "interval": DURATION,
                "rules": [{"alert": str, "record": str, "expr!": str, "for": DURATION, "labels": STRINGS, "annotations": STRINGS}],
            }
        ]
    },
}


def errors(value, type_, path):
    """What the API server would reject, as `path: why`."""
    if isinstance(type_, tuple):
        found = [errors(value, one, path) for one in type_]
        return min(found, key=len)
    if isinstance(type_, re.Pattern):
        return [] if isinstance(value, str) and type_.fullmatch(value) else [f"{path}: {value!r} is not {type_.pattern}"]
    if isinstance(type_, list):
        if not isinstance(value, list):
            return [f"{path}: it is no list"]
        return [error for number, one in enumerate(value) for error in errors(one, type_[0], f"{path}[{number}]")]
    if not isinstance(type_, dict):
        return [] if type(value) is type_ else [f"{path}: {value!r} is not of type {type_.__name__}"]
    if not isinstance(value, dict):
        return [f"{path}: it is no object"]
    if str in type_:
        return [error for key in value for error in errors(value[key], type_[str], f"{path}.{key}")]
    known = {name.rstrip("!"): one for name, one in type_.items()}
    missing = [f"{path}.{name[:-1]}: it is missing" for name in type_ if name.endswith("!") and name[:-1] not in value]
    unknown = [f"{path}.{name}: there is no such field" for name in value if name not in known]
    return missing + unknown + [e for name in value if name in known for e in errors(value[name], known[name], f"{path}.{name}")]


def object_errors(document):
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind not in SPECS:
        return [f"{kind}: there is no such kind"]
    types = {"apiVersion!": str, "kind!": str, "metadata!": METADATA, "spec!": SPECS[kind]}
    return errors(document, types, kind[1])
