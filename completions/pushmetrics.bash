# bash completion for pushmetrics                          -*- shell-script -*-

# The options of a subcommand, one a word; `=` behind it: it takes a value, `[=]`: it may take one.
__pushmetrics_options() {
    local group='-j --job= -i --instance= --instance-hostname -l --label= --allow-high-cardinality'
    local input='--from= --strict --strip-timestamps -m --metric='
    local delivery='--url= --push-timeout= --connect-timeout= --retries= --spool= --no-spool --spool-max-bytes=
        --spool-max-age='
    local access='--user= --password-file= --bearer-token-file= -H --header= --cacert= --cert= --key= --insecure'
    local general='--config= -v --verbose -q --quiet -h --help'
    case $1 in
    '') echo '-h --help -V --version' ;;
    run)
        echo "--shell= --timeout= --signal= --kill-after= --success-codes= --require-push --linger= --ci -m --metric= --prefix=" \
            "--no-rusage --expect-every= --schedule= --timezone= --grace= --count --histogram[=] --notify-start --heartbeat= --dry-run" \
            "$group $delivery $access $general"
        ;;
    push) echo "--replace --allow-empty --dry-run $group $input $delivery $access $general" ;;
    check) echo "--lint[=] --json $input $general" ;;
    delete)
        echo "-j --job= -i --instance= --instance-hostname -l --label= --match= -n --dry-run -y --yes --json" \
            "$delivery $access $general"
        ;;
    list) echo "--match= --sort= --prefix= --json --watch[=] $delivery $access $general" ;;
    prune) echo "--older-than= --keep-newest= --match= -n --dry-run --json $delivery $access $general" ;;
    wipe) echo "-y --yes --json $delivery $access $general" ;;
    flush)
        echo "--watch --until-empty --discard --target= --match= -n --dry-run -y --yes --json $delivery $access $general"
        ;;
    doctor) echo "--json $delivery $access $general" ;;
    set) echo "--type= --help-text= $general" ;;
    add) echo "--help-text= $general" ;;
    rules) echo "-j --job= --prefix= --source= --format= --max-age= --max-silence= --failures= --lookback= $general" ;;
    dashboard) echo "--prefix= --source= --lookback= --format= --server= $general" ;;
    step | completion) echo "$general" ;;
    esac
}

# Sets words, starts and current: the words up to the cursor as pushmetrics would get them, the index of each in
# COMP_WORDS, and the number of the last. Readline also breaks words at = and :.
__pushmetrics_read_line() {
    local line=$COMP_LINE i word
    words=() starts=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ -n $word && $line != [[:blank:]]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word") starts+=("$i")
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$word"}
    done
    current=$((${#words[@]} - 1))
}

# Whether the option takes the next word as its value.
__pushmetrics_takes_next() {
    case $1 in
    --*=*) return 1 ;;
    --*) [[ " $options " == *" $1= "* ]] ;;
    # The last of the letters has the value, and the first that takes one takes what stands behind it.
    -*[jilmH]) [[ ${1:1:-1} != *[jilmH]* ]] ;;
    *) return 1 ;;
    esac
}

# Completes the value of an option; what precedes it in the word is in $prefix.
__pushmetrics_value() {
    local labels='app= cluster= environment= region= service= site= team= tier='
    local choices='' files='' candidate
    case $1 in
    --url) choices='http:// https:// unix: textfile: remote-write+http:// remote-write+https:// remote-write2+http:// remote-write2+https:// otlp+http:// otlp+https:// otlp: stdout:' ;;
    --signal) choices='TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT CONT STOP' ;;
    --from) choices='auto text openmetrics json' ;;
    --lint) choices='warning error' ;;
    --sort) choices='group age state duration' ;;
    --type) choices='gauge counter untyped' ;;
    --source) choices='pushgateway textfile remote-write' ;;
    --format)
        choices='prometheus operator'
        [[ $subcommand == dashboard ]] && choices='grafana html configmap'
        ;;
    --server) choices='http:// https://' ;;
    --schedule) choices='@hourly @daily @weekly @monthly' ;;
    --timezone) choices='UTC' ;;
    --label | -l | -[!-]*l) choices=$labels ;;
    --match) choices="job= instance= $labels" ;;
    --shell) files=-c ;;
    --spool) files=-d ;;
    --password-file | --bearer-token-file | --cacert | --cert | --key | --config) files=-f ;;
    *) return ;;
    esac
    if [[ -n $choices ]]; then
        compopt -o nospace 2>/dev/null
        while IFS= read -r candidate; do
            [[ $candidate == *[:/=] ]] || candidate+=' '
            COMPREPLY+=("$prefix$candidate")
        done < <(compgen -W "$choices" -- "$2")
    else
        [[ -z $prefix ]] && compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do COMPREPLY+=("$prefix$candidate"); done < <(compgen "$files" -- "$2")
    fi
}

# Readline replaces only what stands behind the last of its break characters.
__pushmetrics_trim() {
    local word=${words[current]} breaks='' i
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
    [[ -n $breaks ]] || return
    local lead=${word%"${word##*["$breaks"]}"}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$lead"}; done
}

# Completes the wrapped command, which begins at COMP_WORDS[$1], as if it stood alone.
__pushmetrics_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
        [[ ${COMP_WORDS[COMP_CWORD]} != */* ]] ||
            mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    else
        __pushmetrics_command_function "$1" || {
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        }
    fi
}

# Calls the command's own completion function, where bash knows one. What it sees of the line begins with it.
__pushmetrics_command_function() {
    local command=${COMP_WORDS[$1]} specification i
    specification=$(complete -p -- "$command" 2>/dev/null || complete -p -- "${command##*/}" 2>/dev/null) || return
    [[ $specification =~ \ -F\ ([^ ]+) ]] || return
    local function=${BASH_REMATCH[1]} skipped
    for ((i = 0; i < $1; i++)); do
        skipped=${COMP_LINE%%"${COMP_WORDS[i]}"*}${COMP_WORDS[i]}
        COMP_LINE=${COMP_LINE:${#skipped}}
        ((COMP_POINT -= ${#skipped}))
    done
    skipped=${COMP_LINE%%[![:blank:]]*}
    COMP_LINE=${COMP_LINE:${#skipped}}
    ((COMP_POINT -= ${#skipped}))
    COMP_WORDS=("${COMP_WORDS[@]:$1}")
    ((COMP_CWORD -= $1))
    "$function" "$command" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}

_pushmetrics() {
    local words starts current subcommand options word prefix='' i behind=''
    COMPREPLY=()
    __pushmetrics_read_line
    word=${words[current]}
    if ((current == 1)); then
        local subcommands='run push check delete list prune wipe flush set add step doctor rules dashboard completion'
        [[ $word == -* ]] && subcommands=$(__pushmetrics_options '')
        mapfile -t COMPREPLY < <(compgen -W "$subcommands" -- "$word")
        return
    fi
    subcommand=${words[1]}
    options=$(__pushmetrics_options "$subcommand")
    options=${options//$'\n'/ }

    for ((i = 2; i < current; i++)); do
        if [[ -z $behind && ${words[i]} == -- ]]; then
            behind=$((i + 1))
            break
        elif [[ ${words[i]} == -?* ]]; then
            __pushmetrics_takes_next "${words[i]}" || continue
            ((i + 1 == current)) && break
            ((i++))
        elif [[ $subcommand == run ]]; then
            behind=$i
            break
        elif [[ $subcommand == step ]]; then
            # Behind the step's name, and the -- that may follow it.
            behind=$((i + 1))
            ((behind < current)) && [[ ${words[behind]} == -- ]] && ((behind++))
            break
        fi
    done
    if [[ $subcommand == @(run|step) && -n $behind ]]; then
        __pushmetrics_command "${starts[behind]}"
        return
    fi
    if [[ -z $behind ]] && ((i < current)); then
        case ${words[i]} in
        -H | -?*H) ;;
        -*) __pushmetrics_value "${words[i]}" "$word" ;;
        esac
        __pushmetrics_trim
        return
    fi
    if [[ -z $behind && $word == --*=* ]]; then
        prefix=${word%%=*}=
        __pushmetrics_value "${word%%=*}" "${word#*=}"
        __pushmetrics_trim
        return
    fi
    if [[ -z $behind && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${options//\[=\]/}" -- "$word")
        # A space behind the name, not =: both are understood.
        COMPREPLY=("${COMPREPLY[@]%=}")
        return
    fi
    case $subcommand in
    run) __pushmetrics_command "${starts[current]}" ;;
    push | check)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$word") ;;
    esac
}

complete -F _pushmetrics pushmetrics
