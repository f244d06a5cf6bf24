#compdef pushmetrics

# zsh completion for pushmetrics

local curcontext=$curcontext state line ret=1
local -A opt_args
# Names that many give their grouping labels.
local labels='app cluster environment region service site team tier'
local -a group input delivery access general json match prefix

group=(
  '(-j --job)'{-j+,--job=}'[job name of the group]:job: '
  '(-i --instance --instance-hostname)'{-i+,--instance=}'[instance label of the group]:instance: '
  "(-i --instance)--instance-hostname[this machine's host name as the instance]"
  '*'{-l+,--label=}'[further grouping label]:NAME=VALUE: compadd -q -S = - '$labels
)
input=(
  '--from=[input format]:format:(auto text openmetrics json)'
  '--strict[reject what would be repaired]'
  "--strip-timestamps[remove timestamps from samples]"
  '*'{-m+,--metric=}'[metric without a file]:NAME=VALUE: '
)
delivery=(
  '*--url=[target of the push]:URL: compadd -S "" - http\:// https\:// unix\: textfile\: remote-write+http\:// remote-write+https\:// remote-write2+http\:// remote-write2+https\:// otlp+http\:// otlp+https\:// otlp\: stdout\:'
  '--push-timeout=[time limit for a whole push]:duration: '
  '--connect-timeout=[time limit for one connection]:duration: '
  '--retries=[number of retries]:number: '
  '(--no-spool)--spool=[directory of the spool]:directory:_files -/'
  '(--spool)--no-spool[discard undelivered pushes]'
  '--spool-max-bytes=[maximum size of the spool]:size: '
  '--spool-max-age=[maximum age of a spooled push]:duration: '
)
access=(
  '--user=[user for basic authentication]:user: '
  '--password-file=[file with the password]:file:_files'
  '--bearer-token-file=[file with a bearer token]:file:_files'
  '*'{-H+,--header=}'[further header]:header: '
  '--cacert=[trust these certificate authorities]:file:_files'
  '--cert=[client certificate]:file:_files'
  '--key=[private key of the client certificate]:file:_files'
  "--insecure[do not verify the server's certificate]"
)
general=(
  '--config=[also read this configuration file]:file:_files'
  '(-v --verbose -q --quiet)'{-v,--verbose}'[report progress]'
  '(-v --verbose -q --quiet)'{-q,--quiet}'[print errors only]'
  '(- *)'{-h,--help}'[print the options]'
)
json=('--json[print one JSON document]')
match=('*--match=[groups whose label matches]:NAME=GLOB: compadd -q -S = - job instance '$labels)
prefix=("--prefix=[prefix of the metrics' names]:prefix: ")

_arguments -C \
  '(- *)'{-h,--help}'[list the subcommands]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(-): :->subcommand' \
  '(-)*:: :->rest' && ret=0

case $state in
  (subcommand)
    local -a subcommands=(
      'run:run a job and push its result'
      'push:push metrics from files or standard input'
      'check:validate and lint metrics, send nothing'
      'delete:delete one group, or all groups that match'
      'list:list the groups on the gateway'
      'prune:delete groups whose last push is old'
      "wipe:delete all groups (needs the gateway's admin API)"
      'flush:deliver the spooled pushes'
      "set:from inside a job\: add a metric to the run's push"
      'add:from inside a job\: add to a counter that lasts'
      'step:from inside a job\: run one step of it and time it'
      'doctor:check configuration, network, TLS, gateway and spool'
      'rules:print Prometheus alerting rules'
      'dashboard:print a dashboard for Grafana or a browser'
      'completion:print the completion for a shell'
    )
    _describe -t commands subcommand subcommands && ret=0
    ;;
  (rest)
    curcontext=${curcontext%:*}-$words[1]:
    case $words[1] in
      (run)
        # _arguments takes a `--` that is the first word for an operand.
        if (( CURRENT > 2 )) && [[ $words[2] == -- ]]; then
          shift 2 words
          (( CURRENT -= 2 ))
          _normal
          return
        fi
        _arguments -S -s $group $prefix $delivery $access $general \
          '--allow-high-cardinality[do not warn about labels that look unbounded]' \
          '--shell=[run this text with /bin/sh -c]:text:_cmdstring' \
          '--timeout=[end the job after this time]:duration: ' \
          '--signal=[signal at the time limit]:signal:(TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT CONT STOP)' \
          '--kill-after=[time from that signal to KILL]:duration: ' \
          '*--success-codes=[exit codes that count as success]:list: ' \
          '--require-push[exit 125 if only the push failed]' \
          '--linger=[go on delivering in the background]:duration: ' \
          '--ci[job and labels from the CI system]' \
          '*'{-m+,--metric=}'[add a metric]:NAME=VALUE: ' \
          '--no-rusage[do not push CPU time and memory]' \
          '--expect-every=[interval within which the job has to succeed]:duration: ' \
          '--schedule=[when the job runs, as in crontab]:cron expression:(@hourly @daily @weekly @monthly)' \
          '--timezone=[time zone of the schedule]:zone:(UTC)' \
          '--grace=[how late after its scheduled time a run may end]:duration: ' \
          '--count[push the number of successes and failures]' \
          '--histogram=-[push a histogram of the durations of all runs]::bounds: ' \
          '--notify-start[also push when the job has started]' \
          '--heartbeat=[push at this interval while the job runs]:duration: ' \
          '--dry-run[print the push instead of sending it]' \
          '(-)1:command: _command_names -e' \
          '*::arguments: _normal' && ret=0
        ;;
      (push)
        _arguments -S -s $group $input $delivery $access $general \
          '--allow-high-cardinality[do not warn about labels that look unbounded]' \
          '--replace[replace the whole group]' \
          '--allow-empty[push even if there is no sample]' \
          '--dry-run[print the push and send nothing]' \
          '*:file:_files' && ret=0
        ;;
      (check)
        _arguments -S -s $input $general $json \
          '--lint=-[warn as promtool does]::level:(warning error)' \
          '*:file:_files' && ret=0
        ;;
      (delete)
        _arguments -S -s $group $match $json $delivery $access $general \
          '(-n --dry-run)'{-n,--dry-run}'[print what would be deleted]' \
          '(-y --yes)'{-y,--yes}'[do not ask before deleting all groups]' && ret=0
        ;;
      (list)
        _arguments -S -s $match $prefix $json $delivery $access $general \
          '--watch=-[show them again and again]::interval:(2s 10s 1m)' \
          '--sort=[sort order]:by:(group age state duration)' && ret=0
        ;;
      (prune)
        _arguments -S -s $match $json $delivery $access $general \
          '--older-than=[minimum age of the last push]:duration: ' \
          '--keep-newest=[keep the newest groups of each job]:number: ' \
          '(-n --dry-run)'{-n,--dry-run}'[print what would be deleted]' && ret=0
        ;;
      (wipe)
        _arguments -S -s $json $delivery $access $general \
          '(-y --yes)'{-y,--yes}'[confirm that everything is to be deleted]' && ret=0
        ;;
      (flush)
        _arguments -S -s $match $json $delivery $access $general \
          '--watch[stay, and deliver what is added]' \
          '--until-empty[end when nothing waits]' \
          '--discard[drop pushes that no target will take]' \
          '*--target=[pushes for this target]:target: ' \
          '(-n --dry-run)'{-n,--dry-run}'[print what would be discarded]' \
          '(-y --yes)'{-y,--yes}'[do not ask before discarding]' && ret=0
        ;;
      (set)
        _arguments -S -s $general \
          '--type=[type of the metric]:type:(gauge counter untyped)' \
          '--help-text=[help text of the metric]:text: ' \
          '1:metric: ' '2:value: ' && ret=0
        ;;
      (add)
        _arguments -S -s $general \
          '--help-text=[help text of the metric]:text: ' \
          '1:metric: ' '2:number: ' && ret=0
        ;;
      (step)
        if (( CURRENT > 3 )) && [[ $words[3] == -- ]]; then
          shift 3 words
          (( CURRENT -= 3 ))
          _normal
          return
        fi
        _arguments -S -s $general \
          '(-)1:name: ' \
          '(-)2:command: _command_names -e' \
          '*::arguments: _normal' && ret=0
        ;;
      (doctor)
        _arguments -S -s $json $delivery $access $general && ret=0
        ;;
      (rules)
        _arguments -S -s $prefix $general \
          '(-j --job)'{-j+,--job=}'[for this job only]:job: ' \
          '--source=[how the metrics reach Prometheus]:source:(pushgateway textfile remote-write)' \
          '--format=[format of the rules]:format:(prometheus operator)' \
          '--max-age=[maximum age of the last success]:duration: ' \
          '--max-silence=[maximum age of the last heartbeat]:duration: ' \
          '--failures=[failures in a row that are critical]:number: ' \
          '--lookback=[how far back to look for samples]:duration: ' && ret=0
        ;;
      (dashboard)
        _arguments -S -s $prefix $general \
          '--source=[how the metrics reach Prometheus]:source:(pushgateway textfile remote-write)' \
          '--lookback=[how far back to look for samples]:duration: ' \
          '--format=[what to print]:format:(grafana html configmap)' \
          '--server=[Prometheus or Pushgateway that the page asks]:URL:(http\:// https\://)' && ret=0
        ;;
      (completion)
        _arguments -S -s $general '1:shell:(bash zsh fish)' && ret=0
        ;;
    esac
    ;;
esac
return ret
